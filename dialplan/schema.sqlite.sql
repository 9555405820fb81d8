-- The tables of res_rust_ivr in its embedded database, with three numbers to try it on:
--   sqlite3 /usr/share/asterisk/rust_ivr.sqlite3 < schema.sqlite.sql
-- The file belongs in Asterisk's data directory, which `core show settings` names on Asterisk's
-- console: /usr/share/asterisk in Debian's packages, /var/lib/asterisk when built from source.
-- Asterisk's user must be able to read the file and enter its directory.

-- One row per caller: `phone` is the caller's number, in any of its usual forms.
CREATE TABLE IF NOT EXISTS sAsterisk_ivr (
    id          INTEGER PRIMARY KEY,
    phone       TEXT NOT NULL,
    scenario    TEXT,               -- the menu's name, for logs and variables
    scenarioMsg TEXT                -- the intro: a file under scenario/
);
-- Each call looks its number up here.
CREATE INDEX IF NOT EXISTS sAsterisk_ivr_phone ON sAsterisk_ivr (phone);

-- The menu's buttons, read out in the order of their rows.
CREATE TABLE IF NOT EXISTS sAsterisk_ivr_button (
    id         INTEGER PRIMARY KEY,
    ivrID      INTEGER NOT NULL REFERENCES sAsterisk_ivr (id),
    keyNum     TEXT,                -- the key to press; also its recording under keyNum/
    msgMp3     TEXT,                -- what the key is for: a file under msgMp3/
    transferTo TEXT                 -- the number that rings
);
CREATE INDEX IF NOT EXISTS sAsterisk_ivr_button_ivrID ON sAsterisk_ivr_button (ivrID);

-- The short codes by which a manager calls a third person into a talk.
CREATE TABLE IF NOT EXISTS sAsterisk_prefix (
    pref  TEXT PRIMARY KEY,
    phone TEXT NOT NULL
);

-- 70000000000 has no row: straight to Bitrix24.
-- 70000000001 has one button: its number rings at once.
-- 70000000002 has several: the menu is read out.
INSERT INTO sAsterisk_ivr (id, phone, scenario, scenarioMsg) VALUES
    (1, '70000000001', 'one order', 'hello.mp3'),
    (2, '70000000002', 'several orders', 'hello.mp3')
    ON CONFLICT DO NOTHING;
INSERT INTO sAsterisk_ivr_button (id, ivrID, keyNum, msgMp3, transferTo) VALUES
    (1, 1, '1', 'cakes.mp3', '74950000001'),
    (2, 2, '1', 'cakes.mp3', '74950000001'),
    (3, 2, '2', 'flowers.mp3', '74950000002')
    ON CONFLICT DO NOTHING;
INSERT INTO sAsterisk_prefix (pref, phone) VALUES
    ('1', '74950000001'),
    ('2', '74950000002')
    ON CONFLICT DO NOTHING;
