# Needs make, a POSIX shell, git and Go; `make lint` and `make test` fetch what
# else they use. `make` alone lists the targets.

GOLANGCI_VERSION := v2.15.0
GOLANGCI         := .tools/bin/golangci-lint-$(GOLANGCI_VERSION)

# What the binary says about itself; see internal/version.
VERSION ?= $(shell git describe --tags --dirty 2>/dev/null || echo devel)
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null)
DATE    ?= $(shell TZ=UTC git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd 2>/dev/null)
STAMP   := kingsnake/internal/version
LDFLAGS  = -s -w -X $(STAMP).version=$(VERSION) -X $(STAMP).commit=$(COMMIT) -X $(STAMP).date=$(DATE)

# Where goroutines meet: tested with the race detector, all other packages
# without. The detector makes tests several times slower, so what is pure goes
# without, and nothing is run twice but the two below.
RACED := internal/(blob|index|server|store)(/.*)?
PLAIN  = $$(go list ./... | grep -Ev '^kingsnake/$(RACED)$$')

# SQLite is C in the form of Go, with locks of its own: watching it finds
# nothing, and more than doubles the time.
RACEFLAGS := -race -gcflags=modernc.org/...=-race=false -timeout=40m

# These send thousands of requests one after the other: no goroutine meets
# another.
SWEEPS := ^Test(NoForgottenCheck|EachScope|EachLevel)$$

# PostgreSQL and S3 in place of SQLite and files; the stores of records and of
# blobs are tested on both of their kinds anyway. The script about the audit
# tampers with the file of a SQLite database.
ENGINES := KINGSNAKE_TEST_DATABASE=postgres KINGSNAKE_TEST_BLOBS=s3

FUZZTIME ?= 10s
CHAOS    ?= 10m
SEED     ?= 1
LISTEN   ?= 127.0.0.1:8080
DATA     ?= ./data

.DEFAULT_GOAL := help
.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | \
		while IFS="$$(printf '\t')" read -r name text; do printf '  make %-11s %s\n' "$$name" "$$text"; done

.PHONY: run
run: build ## build, then serve ./data at http://127.0.0.1:8080
	./kingsnake serve --data $(DATA) --listen $(LISTEN)

.PHONY: build
build: ## build ./kingsnake, one static binary
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o kingsnake ./cmd/kingsnake

.PHONY: test
test: test-deps ## run every test, some with the race detector or on PostgreSQL and S3
	go run ./internal/ci/summary -at-once 2 -run "-timeout=40m $(PLAIN) ./internal/server" \
		-run '$(ENGINES) $(RACEFLAGS) -skip=$(SWEEPS) ./internal/server' \
		-run "$(RACEFLAGS) $$(go list ./... | grep -E '^kingsnake/$(RACED)$$' | grep -vx kingsnake/internal/server) ./internal/registry" \
		-run '$(ENGINES) -timeout=40m -run=$(SWEEPS)|^TestScripts$$ -skip=^TestScripts/audit$$ ./internal/server ./internal/cli'

.PHONY: test-deps
test-deps: ## install what the tests compare with (once)
	@scripts/test-deps

.PHONY: lint
lint: $(GOLANGCI) ## check the code and its format, and the modules' checksums
	go mod verify
	$(GOLANGCI) run ./...

.PHONY: fmt
fmt: $(GOLANGCI) ## format the code
	$(GOLANGCI) fmt ./...

.PHONY: cover
cover: test-deps ## write coverage.html and print the total
	go test -coverpkg=./... -coverprofile=coverage.out ./...
	go tool cover -html=coverage.out -o coverage.html
	go tool cover -func=coverage.out | tail -n 1

.PHONY: screenshots
screenshots: test-deps ## write a picture of every page into screenshots/
	KINGSNAKE_SCREENSHOTS=$(CURDIR)/screenshots go test ./e2e/browser -run TestEveryPage -count=1 -timeout=40m

.PHONY: chaos
chaos: test-deps ## kill servers, PostgreSQL and S3 under load for CHAOS (10m), as SEED (1) has it
	KINGSNAKE_TEST_CHAOS=$(CHAOS) KINGSNAKE_TEST_CHAOS_SEED=$(SEED) go test ./e2e -run '^TestChaos$$' -v -count=1 -timeout=2h

.PHONY: pictures
pictures: test-deps ## write the pictures of the README anew
	KINGSNAKE_PICTURES=$(CURDIR)/docs/pictures go test ./e2e/browser -run TestPicturesOfTheREADME -count=1

.PHONY: fuzz
fuzz: ## run every fuzzer for FUZZTIME (10s)
	@scripts/fuzz $(FUZZTIME)

.PHONY: bench
bench: build ## measure this build: one table beside nginx and the targets (15 minutes; after make test-deps)
	bench/run

# Where the very large site is kept between runs.
LARGE ?= bench/out/large

.PHONY: bench-large
bench-large: ## measure a very large site, and make it first (minutes, 4 GB)
	@test -e $(LARGE)/site/kingsnake.db || { mkdir -p $(LARGE) && go run ./bench -fill site -data $(LARGE)/site; }
	@test -e $(LARGE)/forge/kingsnake.db || { mkdir -p $(LARGE) && go run ./bench -fill forge -data $(LARGE)/forge; }
	go run ./bench -index -data $(LARGE)/forge
	go run ./bench -pages -data $(LARGE)/site

.PHONY: dist
dist: ## build release binaries and their checksums in dist/
	@scripts/dist '$(VERSION)' '$(LDFLAGS)'

.PHONY: clean
clean: ## remove what was built; data, tools and .venv stay
	rm -rf kingsnake dist coverage.out coverage.html

# For the test of internal/version, which checks that the names agree.
.PHONY: ldflags
ldflags:
	@echo "$(LDFLAGS)"

# The version is in the file's name, so that raising it installs anew.
$(GOLANGCI):
	GOBIN=$(CURDIR)/.tools/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv .tools/bin/golangci-lint $@
