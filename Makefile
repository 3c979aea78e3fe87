# The recipes are in tools/task, which also runs where there is no make. Options for the tool: make test ARGS="-k losses"
TASKS := demo build test lint bench bench-peers instructions vectors exhaustive sanitize tsan stress fuzz emulate format clean

.PHONY: help $(TASKS)
help:
	@tools/task help

$(TASKS):
	@tools/task $@ $(ARGS)
