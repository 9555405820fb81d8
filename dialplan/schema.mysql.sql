-- The tables of res_rust_ivr in MySQL or MariaDB, with three numbers to try it on:
--   mariadb -e 'CREATE DATABASE site CHARACTER SET utf8mb4'
--   mariadb site < schema.mysql.sql
-- where `site` is [database] name. Where the web site has made its own tables, only the
-- account and the indexes at the end are needed.

-- The file itself is UTF-8, whatever the client believes. The tables may have any character
-- set, cp1251 for one: the server converts.
SET NAMES utf8mb4;

-- One row per caller: `phone` is the caller's number, in any of its usual forms.
CREATE TABLE IF NOT EXISTS sAsterisk_ivr (
    id          INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    phone       VARCHAR(20) NOT NULL,
    scenario    VARCHAR(255),       -- the menu's name, for logs and variables
    scenarioMsg VARCHAR(255),       -- the intro: a file under scenario/
    KEY phone (phone)               -- each call looks its number up here
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- The menu's buttons, read out in the order of their rows.
CREATE TABLE IF NOT EXISTS sAsterisk_ivr_button (
    id         INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    ivrID      INT UNSIGNED NOT NULL,
    keyNum     VARCHAR(8),          -- the key to press; also its recording under keyNum/
    msgMp3     VARCHAR(255),        -- what the key is for: a file under msgMp3/
    transferTo VARCHAR(32),         -- the number that rings
    KEY ivrID (ivrID)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- The short codes by which a manager calls a third person into a talk.
CREATE TABLE IF NOT EXISTS sAsterisk_prefix (
    pref  VARCHAR(16) NOT NULL PRIMARY KEY,
    phone VARCHAR(32) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- 70000000000 has no row: straight to Bitrix24.
-- 70000000001 has one button: its number rings at once.
-- 70000000002 has several: the menu is read out.
INSERT IGNORE INTO sAsterisk_ivr (id, phone, scenario, scenarioMsg) VALUES
    (1, '70000000001', 'one order', 'hello.mp3'),
    (2, '70000000002', 'several orders', 'hello.mp3');
INSERT IGNORE INTO sAsterisk_ivr_button (id, ivrID, keyNum, msgMp3, transferTo) VALUES
    (1, 1, '1', 'cakes.mp3', '74950000001'),
    (2, 2, '1', 'cakes.mp3', '74950000001'),
    (3, 2, '2', 'flowers.mp3', '74950000002');
INSERT IGNORE INTO sAsterisk_prefix (pref, phone) VALUES
    ('1', '74950000001'),
    ('2', '74950000002');

-- The module only ever reads. Choose a password, and the host that Asterisk runs on.
CREATE USER IF NOT EXISTS 'asterisk'@'localhost' IDENTIFIED BY 'change-me';
GRANT SELECT ON sAsterisk_ivr TO 'asterisk'@'localhost';
GRANT SELECT ON sAsterisk_ivr_button TO 'asterisk'@'localhost';
GRANT SELECT ON sAsterisk_prefix TO 'asterisk'@'localhost';

-- For tables that the web site made without them:
--   CREATE INDEX phone ON sAsterisk_ivr (phone);
--   CREATE INDEX ivrID ON sAsterisk_ivr_button (ivrID);
