# The two commands a newcomer needs are `make run` and `make test`; `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := bash

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
LOCK := $(shell command -v $(PYTHON) >/dev/null 2>&1 || echo missing)

ifeq ($(LOCK),missing)
PYTHON := python3
endif

help: ## List the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(VENV)/.run ## Start Servery with two demo models; SERVERY_HOME says where its state lives
	@$(BIN)/servery up --demo

test: $(VENV)/.dev ## Run every test that this machine has the parts for
	$(BIN)/pytest -n auto

.PHONY: help run test
