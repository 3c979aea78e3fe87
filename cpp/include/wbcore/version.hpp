#pragma once

// The only place that states the version: CMake and pyproject.toml read this line, Python asks the extension module.
#define WBCORE_VERSION "0.1.0"
