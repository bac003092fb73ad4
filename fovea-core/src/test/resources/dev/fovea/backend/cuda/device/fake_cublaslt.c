// A cuBLASLt without a GPU, for LibraryProductsTest: the first attempt to plan a product fails at its first call, the second at its second, and so
// on. The end of the library says how many of the objects it made were not given back. Where FAKE_MATMUL is there, plans do not fail, and it is what
// each product answers.
#include <stdio.h>
#include <stdlib.h>

static int objects, attempt, call;

static int answer() { return ++call == attempt && !getenv("FAKE_MATMUL") ? 3 : 0; }

static int made(long long* to) {
    if (answer()) return 3;
    objects++;
    return *to = 1, 0;
}

static int destroyed() { return objects--, 0; }

int cublasLtCreate(long long* handle) { return *handle = 1, 0; }
int cublasLtDestroy(long long handle) { return printf("%d left after %d attempts\n", objects, attempt), fflush(stdout), 0; }
long long cublasLtGetVersion() { return 120400; }
int cublasLtMatmulDescCreate(long long* to, int compute, int scale) { return attempt++, call = 0, made(to); }
int cublasLtMatmulDescDestroy(long long of) { return destroyed(); }
int cublasLtMatmulDescSetAttribute(long long of, int attribute, void* value, long long bytes) { return answer(); }
int cublasLtMatrixLayoutCreate(long long* to, int type, long long rows, long long columns, long long stride) { return made(to); }
int cublasLtMatrixLayoutDestroy(long long of) { return destroyed(); }
int cublasLtMatmulPreferenceCreate(long long* to) { return made(to); }
int cublasLtMatmulPreferenceDestroy(long long of) { return destroyed(); }
int cublasLtMatmulPreferenceSetAttribute(long long of, int attribute, void* value, long long bytes) { return answer(); }
int cublasLtMatmulAlgoGetHeuristic(long long handle, long long product, long long a, long long b, long long c, long long d, long long preference, int most,
                                   void* result, int* count) {
    return *count = 1, answer();
}
int cublasLtMatmul() { return getenv("FAKE_MATMUL") ? atoi(getenv("FAKE_MATMUL")) : 0; }
