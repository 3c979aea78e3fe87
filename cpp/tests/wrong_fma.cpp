// The fma of a poor C library, which rounds twice. Loaded before the good one, it must change no digest.
#define WBCORE_PUBLIC extern "C" __attribute__((visibility("default")))

WBCORE_PUBLIC double fma(double a, double b, double c) { return a * b + c; }
WBCORE_PUBLIC float fmaf(float a, float b, float c) { return a * b + c; }
