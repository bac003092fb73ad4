// The greatest of each row. X: the scores.

DEPENDENT

/** Whether (value, column) comes before the best so far: greater, or equal and further left. */
DEVICE bool better(float value, int column, float best, int at) { return value > best || (value == best && column < at); }

/** columns[row] = the first greatest of a row of a width, -1 where one is NaN; a block a row. */
KERNEL(1024) argmax(const X* x, int* columns, int width) {
    begin();
    __shared__ float values[32];
    __shared__ int places[32];
    __shared__ int nan;
    const X* row = x + (i64) blockIdx.x * width;
    if (threadIdx.x == 0) nan = 0;
    __syncthreads();
    float best = -INFINITY;
    int at = width;
    bool isNan = false;
    const int PER = Pack<X>::N;
    const bool aligned = packs(row, 0);
    #pragma unroll 4
    for (int i = threadIdx.x * PER; i < width; i += 1024 * PER) {
        const Pack<X> some = loadSome(row + i, width - i, aligned && i + PER <= width);
        #pragma unroll
        for (int e = 0; e < PER; e++) {
            const float value = widen(some.at[e]);
            if (i + e >= width) break;
            isNan = isNan || value != value;
            if (better(value, i + e, best, at)) best = value, at = i + e;
        }
    }
    if (isNan) nan = 1;
    for (int d = 16; d; d >>= 1) {
        float value = __shfl_xor_sync(ALL, best, d);
        int place = __shfl_xor_sync(ALL, at, d);
        if (better(value, place, best, at)) best = value, at = place;
    }
    if (threadIdx.x % 32 == 0) {
        values[threadIdx.x / 32] = best;
        places[threadIdx.x / 32] = at;
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        for (int i = 1; i < 32; i++) {
            if (better(values[i], places[i], best, at)) best = values[i], at = places[i];
        }
        columns[blockIdx.x] = nan ? -1 : at;
    }
}
