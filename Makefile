# The commands of this project. `make demo` and `make test` do the whole set-up by themselves.

CARGO   ?= cargo
PYTHON  ?= python3
BINARY   = target/debug/deskbridge

.PHONY: setup multilingual build browser demo test fuzz soak lint bench starter release clean-setup

# Fetches the pinned ONNX Runtime library and base encoder, builds, and converts the encoder. Does nothing twice.
setup: onnx/starter/encoder.onnx

onnx/.fetch/done: onnx/fetch.py
	$(PYTHON) onnx/fetch.py
	@mkdir -p $(@D) && touch $@

build:
	$(CARGO) build --workspace

onnx/encoder/encoder.onnx: onnx/.fetch/done | build
	$(BINARY) convert --from onnx/encoder --out $@

onnx/starter/encoder.onnx: onnx/encoder/encoder.onnx
	cp onnx/encoder/tokenizer.json onnx/starter/tokenizer.json
	cp $< $@

# A sentence encoder for some hundred languages in place of the English one: `deskbridge train --encoder onnx/multilingual …`.
multilingual: onnx/multilingual/encoder.onnx

onnx/multilingual/e5-small-q4.bin:
	$(PYTHON) onnx/fetch.py --multilingual

onnx/multilingual/encoder.onnx: onnx/multilingual/e5-small-q4.bin | build
	$(BINARY) convert --from onnx/multilingual --out $@

# KEEP=1 leaves the daemon, its dashboard and the stand-ins running.
demo: build setup
	$(BINARY) demo $(if $(KEEP),--keep)

# The dashboard's tests drive a real Chromium.
browser:
	@command -v chromium chromium-browser google-chrome >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; \
	else \
		echo "the dashboard's tests need Chromium: apt-get install chromium" >&2; exit 1; \
	fi

test: build setup browser
	$(CARGO) test --workspace
	tests/fuzz/run.sh -runs=15000

# Everything that reads outside bytes, five minutes a target; what is found worth keeping goes into tests/fuzz/corpus.
fuzz: build setup
	KEEP=1 tests/fuzz/run.sh -max_total_time=$(or $(SECONDS),300)

# Half an hour: kill -9 at every arrow (450 crashes), power cuts (500 seeds on the store, 20 on the daemon), agents who are quicker (2,000 tickets a platform), a minute of overload and of each flood,
# and ten thousand tickets that drain at the platforms' limits. SEED=n runs another one.
soak: build setup
	DESKBRIDGE_CRASHES=$(or $(CRASHES),450) DESKBRIDGE_SEED=$(or $(SEED),$(shell date +%s)) $(CARGO) test --test it crash:: -- --nocapture
	DESKBRIDGE_POWER_CUTS=$(or $(CUTS),500) DESKBRIDGE_POWER_DAEMONS=20 DESKBRIDGE_SEED=$(or $(SEED),$(shell date +%s)) $(CARGO) test --test it disk::power:: -- --nocapture
	DESKBRIDGE_RACES=$(or $(RACES),2000) DESKBRIDGE_SEED=$(or $(SEED),$(shell date +%s)) $(CARGO) test --test it race:: -- --nocapture
	DESKBRIDGE_OVERLOAD=60 $(CARGO) test --test it overload:: -- --nocapture
	DESKBRIDGE_FLOOD=60 $(CARGO) test --test it -- ingress::flood besieged:: --nocapture
	DESKBRIDGE_BACKLOG=3334 $(CARGO) test --test it pacing::a_backlog -- --nocapture

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(PYTHON) tests/style.py --self-test
	$(PYTHON) tests/style.py

bench: build setup
	$(CARGO) bench --bench store
	$(CARGO) bench --bench ingest
	$(CARGO) bench --bench classify
	$(CARGO) bench --bench memory
	$(CARGO) bench --bench figures
	$(CARGO) bench --bench accuracy
	$(CARGO) bench --bench decide
	$(CARGO) bench --bench reading
	$(CARGO) bench --bench journey

# Trains the starter bundle again from its corpus. The result is the one in the repository, but for the date in its manifest.
# What it says to the held-out tickets is kept, so that a test can tell whether another machine says the same.
starter: build setup
	$(BINARY) train --tickets onnx/starter/corpus.csv --single category subcategory priority sentiment --multi topics escalation --out onnx/starter --seed 1 --target-precision 0.95
	$(PYTHON) -c 'import csv, json, sys; [print(json.dumps(dict(id=r["id"], subject=r["subject"], body=r["body"]))) for r in csv.DictReader(open(sys.argv[1], encoding="utf-8", newline=""))]' onnx/starter/holdout.csv \
		| $(BINARY) classify --bundle onnx/starter > onnx/starter/parity.jsonl

release: setup
	$(CARGO) build --release

clean-setup:
	rm -rf onnx/runtime onnx/encoder onnx/multilingual onnx/.fetch onnx/starter/encoder.onnx onnx/starter/tokenizer.json
