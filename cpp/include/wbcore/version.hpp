#pragma once

// The only place that states the version: CMake and pyproject.toml read this line, Python asks the extension module.
#define WBCORE_VERSION "0.1.0"

// The number of the arithmetic that docs/arithmetic.md writes out: it changes with the first bit of a result that does. Model
// files carry it.
#define WBCORE_CONTRACT 1
