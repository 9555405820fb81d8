# The commands of this repository; `make help` lists them.
#
# The build takes Asterisk's headers from ASTERISK_INCLUDE_DIR when that is set (the directory that
# holds asterisk.h), else from asterisk-headers/, else from /usr/include.

CARGO   ?= cargo
# Where the paths below are, also for who lets cargo build elsewhere.
export CARGO_TARGET_DIR = $(CURDIR)/target
INSTALL ?= install
# Debug symbols are five sixths of the module; target/release/libres_rust_ivr.so keeps them, for gdb.
STRIP   ?= strip --strip-unneeded

# What `make` made and `make install` installs. Not where cargo builds: tests and the demo build there
# too, without the operator's FEATURES.
PRODUCT := target/res_rust_ivr.so

# What the module is built with besides the usual: `make FEATURES=tls`. Not out of the environment.
FEATURES =

# What tests drive: the module as it is shipped, and the tests' own, with TLS and with panics on purpose.
# Both in one profile, since they share most crates.
TESTED   := target/release/libres_rust_ivr.so
WITH_TLS := target/with_tls.so
# The cryptography's own switch, with which a test makes the processor an old one.
OLD_CPU  := --config profile.release.package.graviola.debug-assertions=true
build_with_tls = $(CARGO) build --release --locked --features=tls,panics $(OLD_CPU) \
	&& $(INSTALL) -m 0644 $(TESTED) $(WITH_TLS)

# Where this machine's Asterisk keeps things: what its asterisk.conf says, else the first of the
# usual places (Debian 13 and later, with and without a compiler; Debian 11; Red Hat; built from
# source) that is there.
CONFIG_DIR ?= /etc/asterisk
configured  = $(shell sed -n 's/[ \t]*;.*//; s/^[ \t]*$(1)[ \t]*=>*[ \t]*//p' $(CONFIG_DIR)/asterisk.conf 2>/dev/null | head -n 1)
multiarch   = $(shell $(CC) -print-multiarch 2>/dev/null)
MODULES_DIR ?= $(or $(call configured,astmoddir),$(firstword $(wildcard \
	/usr/lib/$(multiarch)/asterisk/modules /usr/lib/*/asterisk/modules \
	/usr/lib/asterisk/modules /usr/lib64/asterisk/modules)),/usr/lib/asterisk/modules)
DATA_DIR    ?= $(or $(call configured,astdatadir),$(firstword $(wildcard \
	/usr/share/asterisk /var/lib/asterisk)),/usr/share/asterisk)
# Of the configuration, which may hold a password. Not with DESTDIR: a package's own tools say who owns
# its files, and the machine that makes it need not have the group.
GROUP       ?= $(shell getent group asterisk >/dev/null && echo asterisk || echo root)

# $(call recordings,FROM,TO): a recording that is there under any extension stays; it may be the
# operator's own, and a second one beside it would be heard in its place. Case does not count.
recordings = $(INSTALL) -d $(2) || exit 1; for file in $(1)/*; do \
	name=$${file\#\#*/}; ls $(2) | sed 's/\.[^.]*$$//' | grep -qixFe "$${name%.*}" \
	|| $(INSTALL) -m 0644 "$$file" $(2) || exit 1; done

# Cargo looks at the headers' times only (build.rs: watch). A list that is wrong goes, and what was built
# with those headers is built again.
headers_decide = for list in target/*/build/res_rust_ivr-*/out/headers.sha256; do \
	[ ! -e "$$list" ] || sha256sum --check --status "$$list" 2>/dev/null || rm -f "$$list"; done

# Call tests mostly wait for sound to play; a few at a time suit two cores.
TEST_THREADS ?= 4

.PHONY: all
all: ## Builds the module: target/res_rust_ivr.so; FEATURES=tls: with TLS to the database
	@$(headers_decide)
	$(CARGO) build --release --locked $(addprefix --features=,$(FEATURES))
	@$(INSTALL) -m 0644 target/release/libres_rust_ivr.so $(PRODUCT)

.PHONY: test
test: ## Everything that must hold, from unit tests to real calls; installs what it lacks (as root)
	tests/set-up build machine
	@$(headers_decide)
	@# What only the tests need comes while the module is built.
	tests/set-up clients package-22 & \
		$(build_with_tls) && $(CARGO) build --release --locked && wait $$!
	RUST_IVR_MODULE=$(CURDIR)/$(TESTED) RUST_IVR_MODULE_WITH_TLS=$(CURDIR)/$(WITH_TLS) \
		$(CARGO) test --release --locked --workspace --no-fail-fast -- --test-threads=$(TEST_THREADS)

.PHONY: panics
panics: ## A panic at every entry from C and every port, in real calls and rooms
	tests/set-up build machine
	@$(headers_decide)
	$(build_with_tls)
	RUST_IVR_ALL_PANICS=1 RUST_IVR_MODULE_WITH_TLS=$(CURDIR)/$(WITH_TLS) \
		$(CARGO) test --release --locked --test all panics:: -- --test-threads=$(TEST_THREADS)

.PHONY: demo
demo: ## The debug calls before your eyes: a timeline, recordings and a picture
	tests/set-up build machine picture
	@$(headers_decide)
	$(CARGO) build --release --locked
	RUST_IVR_MODULE=$(CURDIR)/$(TESTED) $(CARGO) test --release --locked --test demo

.PHONY: bench
bench: ## What a room costs, beside a plain Dial and beside ConfBridge; BENCH=tones: what in-band digits cost
	tests/set-up
	@$(headers_decide)
	$(CARGO) build --release --locked
	RUST_IVR_MODULE=$(CURDIR)/$(TESTED) $(CARGO) test --release --locked --test bench -- $(BENCH)

.PHONY: faults
faults: ## Makes the table of docs/*/database.md: what calls get while the database fails
	tests/set-up
	@$(headers_decide)
	$(CARGO) build --release --locked
	RUST_IVR_MODULE=$(CURDIR)/$(TESTED) RUST_IVR_WRITE_FAULTS=1 \
		$(CARGO) test --release --locked --test all alive:: -- --test-threads=$(TEST_THREADS)

.PHONY: install
install: ## Installs module, documentation, recordings and a first configuration (DESTDIR, MODULES_DIR, DATA_DIR, CONFIG_DIR)
	@test -f $(PRODUCT) || { echo "$(PRODUCT) is not built: run make first"; exit 1; }
	$(INSTALL) -D -m 0644 $(PRODUCT) $(DESTDIR)$(MODULES_DIR)/res_rust_ivr.so
	$(STRIP) $(DESTDIR)$(MODULES_DIR)/res_rust_ivr.so
	$(INSTALL) -D -m 0644 dialplan/res_rust_ivr-en_US.xml \
		$(DESTDIR)$(DATA_DIR)/documentation/thirdparty/res_rust_ivr-en_US.xml
	@for folder in rust_ivr/scenario rust_ivr/keyNum rust_ivr/msgMp3 rust_conf/ru rust_conf/en; do \
		$(call recordings,sounds/$$folder,$(DESTDIR)$(DATA_DIR)/sounds/$$folder); \
	done
	@if [ -n "$$(ls -A $(DESTDIR)$(DATA_DIR)/moh 2>/dev/null)" ]; then \
		echo "$(DATA_DIR)/moh holds music already"; \
	else \
		$(call recordings,sounds/rust_moh,$(DESTDIR)$(DATA_DIR)/moh); \
	fi
	@if [ -e $(DESTDIR)$(CONFIG_DIR)/res_rust_ivr.conf ]; then \
		echo "$(CONFIG_DIR)/res_rust_ivr.conf stays as it is"; \
	else \
		$(INSTALL) -D -m 0640 $(if $(DESTDIR),,-g $(GROUP)) dialplan/res_rust_ivr.conf.sample \
			$(DESTDIR)$(CONFIG_DIR)/res_rust_ivr.conf; \
		if [ -n "$(DESTDIR)" ]; then \
			echo "$(CONFIG_DIR)/res_rust_ivr.conf has the mode 0640: let Asterisk's group read it"; \
		fi; \
	fi
	@# A package must not bring this file, which is Asterisk's own.
	@if grep -qs '^\[default\]' $(CONFIG_DIR)/musiconhold.conf; then \
		:; \
	elif [ -n "$(DESTDIR)" ] || [ -e $(CONFIG_DIR)/musiconhold.conf ]; then \
		echo "$(CONFIG_DIR)/musiconhold.conf needs a class [default]: see dialplan/musiconhold.conf.sample"; \
	else \
		$(INSTALL) -m 0644 dialplan/musiconhold.conf.sample $(CONFIG_DIR)/musiconhold.conf; \
	fi

# What `make deb` builds for: a release of Debian that has Asterisk. DEB_VERSION: another version than
# debian/changelog says.
DEB_RELEASES ?= forky

.PHONY: deb
deb: ## Debian packages, source and binary, in target/deb/; DEB_RELEASES="forky bullseye"
	@for release in $(DEB_RELEASES); do \
		tests/set-up machine package-$$release && DEB_VERSION=$(DEB_VERSION) debian/build $$release || exit 1; \
	done

.PHONY: test-packages
test-packages: ## Builds, installs, calls, upgrades and purges the packages of both releases, on bare systems
	$(MAKE) --no-print-directory deb DEB_RELEASES="forky bullseye"
	$(CARGO) test --release --locked --test all packages:: -- --include-ignored --test-threads=1

.PHONY: versions
versions: ## The call tests on other Asterisks, and docs/versions.md; IMAGES="..." as tests/versions says
	tests/set-up
	tests/versions $(or $(IMAGES),rust-ivr-asterisk:22 rust-ivr-asterisk:16)

.PHONY: minors
minors: ## What the module touches in Asterisk, compared between all releases of a major version: MAJORS="16 20 22 23"
	tests/set-up build machine
	tests/minors $(or $(MAJORS),16 20 22 23)

.PHONY: headers
headers: ## Fills asterisk-headers/ from Debian's asterisk-dev (needs a container engine; installs one)
	tests/set-up machine

.PHONY: pictures
pictures: ## Makes docs/images/ again, out of the calls of `make demo` and the page in a browser
	$(MAKE) --no-print-directory demo
	tests/set-up clients
	RUST_IVR_MODULE=$(CURDIR)/$(TESTED) $(CARGO) test --release --locked --test all page::
	$(INSTALL) -m 0644 demo-output/picture.png docs/images/demo.png
	$(INSTALL) -m 0644 demo-output/picture-conference.png docs/images/demo-conference.png
	$(INSTALL) -m 0644 test-output/page-pictures/live-en.png docs/images/page-en.png
	$(INSTALL) -m 0644 test-output/page-pictures/live-ru.png docs/images/page-ru.png

.PHONY: prompts
prompts: ## Makes the recordings again, from the texts and the melody in sounds/
	tests/set-up prompts
	sounds/make-prompts

.PHONY: fmt
fmt: ## Formats the source
	$(CARGO) fmt --all

.PHONY: check
check: ## Formatting, lints and licences, as a change must pass them
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --locked --workspace --all-targets -- -D warnings
	$(CARGO) clippy --release --locked --all-targets --features=tls -- -D warnings
	$(CARGO) clippy --release --locked --lib --test outside --no-default-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --release --locked --no-deps -p rust-ivr-testing
	@if command -v cargo-deny >/dev/null; then \
		$(CARGO) deny --offline --locked check bans licenses sources; \
	else \
		echo "cargo-deny is not installed: licences are not checked"; \
	fi
	@# Not a reason to hold a change back: they come out without one.
	@$(MAKE) --no-print-directory advisories || true

.PHONY: advisories
advisories: ## Known vulnerabilities of the dependencies (needs cargo-deny and a network)
	@if ! command -v cargo-deny >/dev/null; then \
		echo "advisories: not run, cargo-deny is not installed"; \
	elif ! $(CARGO) deny --locked fetch db; then \
		echo "advisories: not run, their database cannot be fetched"; \
	else \
		$(CARGO) deny --locked check --disable-fetch advisories; \
	fi

.PHONY: clean
clean: ## Removes what was built and what tests left
	$(CARGO) clean
	rm -rf test-output demo-output

.PHONY: help
help: ## This list
	@sed -n 's/^\([a-z]*\): ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12
