KERNEL(32) faulty(float* out) {
    out[threadIdx.x] = noSuchThing;
}
