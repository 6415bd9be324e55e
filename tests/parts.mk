# Parts that some tests need and no lock of ours installs: below .parts/, each with a stamp when it is complete.
# `make parts` installs all of them; tests/parts/__init__.py tells the tests where they are.
# They need Python 3.11, for which this Triton is built, and go.

SERVERY_PARTS ?= $(CURDIR)/.parts
PART_PYTHON ?= python3.11
GRPCURL_VERSION := v1.9.4
LOCKS := tests/parts
# Of Debian. Triton's processes for models are linked against this library, wherever the Python is from.
PART_PACKAGES := libpython3.11

parts: part-triton part-kserve part-grpcurl ## Install what some tests need beside Python packages

part-triton: $(SERVERY_PARTS)/triton.stamp ## Install a Triton server, for tests only

part-kserve: $(SERVERY_PARTS)/kserve.stamp ## Install kserve's client in an environment of its own

part-grpcurl: $(SERVERY_PARTS)/grpcurl.stamp ## Install grpcurl (needs go)

# The wheel has the server, the Python backend and the process of its models for each Python. The environment is that of
# the models: it follows the services' lock, but for numpy, of which this Triton takes 1 only.
$(SERVERY_PARTS)/triton.stamp: $(LOCKS)/triton.lock $(LOCKS)/triton-models.lock
	@/sbin/ldconfig -p | grep 'libpython3\.11\.so\.1\.0' >/dev/null || \
	  { echo "Triton needs libpython3.11.so.1.0: apt-get install $(PART_PACKAGES)" >&2; exit 1; }
	rm -rf $(SERVERY_PARTS)/triton $@
	mkdir -p $(SERVERY_PARTS)/triton
	$(PART_PYTHON) -m venv $(SERVERY_PARTS)/triton/venv
	$(SERVERY_PARTS)/triton/venv/bin/python -m pip install --quiet --only-binary :all: --require-hashes \
	  -r $(LOCKS)/triton-models.lock
	$(SERVERY_PARTS)/triton/venv/bin/python -m pip download --quiet --no-deps --only-binary :all: --require-hashes \
	  -r $(LOCKS)/triton.lock -d $(SERVERY_PARTS)/triton
	$(PART_PYTHON) -m zipfile -e $(SERVERY_PARTS)/triton/*.whl $(SERVERY_PARTS)/triton/server
	rm $(SERVERY_PARTS)/triton/*.whl
	cd $(SERVERY_PARTS)/triton/server/pytriton/tritonserver && \
	  cp python_backend_stubs/3.11/triton_python_backend_stub backends/python/ && \
	  chmod +x bin/tritonserver backends/python/triton_python_backend_stub
	touch $@

$(SERVERY_PARTS)/kserve.stamp: $(LOCKS)/kserve.lock
	rm -rf $(SERVERY_PARTS)/kserve $@
	mkdir -p $(SERVERY_PARTS)
	$(PART_PYTHON) -m venv $(SERVERY_PARTS)/kserve
	$(SERVERY_PARTS)/kserve/bin/python -m pip install --quiet --only-binary :all: --require-hashes -r $(LOCKS)/kserve.lock
	touch $@

# Go checks what it fetches against its checksum database, as the locks do by their hashes.
$(SERVERY_PARTS)/grpcurl.stamp: tests/parts.mk
	@command -v go >/dev/null || { echo "grpcurl is built with go: apt-get install golang-go, or see go.dev" >&2; exit 1; }
	rm -f $@
	mkdir -p $(SERVERY_PARTS)/bin
	GOBIN=$(SERVERY_PARTS)/bin go install github.com/fullstorydev/grpcurl/cmd/grpcurl@$(GRPCURL_VERSION)
	touch $@

parts-packages: ## Print the Debian packages that the parts need
	@echo $(PART_PACKAGES)

parts-lock: ## Make the locks of the parts anew
	echo 'nvidia-pytriton==0.7.0' | $(PART_LOCK) --no-deps - -o $(LOCKS)/triton.lock
	printf '%s\n' 'numpy<2' 'scikit-learn==1.9.1' 'joblib==1.6.0' | $(PART_LOCK) - -o $(LOCKS)/triton-models.lock
	echo 'kserve==0.21.0' | $(PART_LOCK) - -o $(LOCKS)/kserve.lock

PART_LOCK = $(BIN)/uv pip compile --quiet --generate-hashes --no-header --python-version 3.11

.PHONY: parts part-triton part-kserve part-grpcurl parts-packages parts-lock
