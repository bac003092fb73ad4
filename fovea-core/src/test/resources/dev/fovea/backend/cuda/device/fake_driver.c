// A CUDA driver without a GPU, for FakeDriverTest: memory is the host's, kernels do nothing. FAKE_CUDA is its version, FAKE_CAPABILITIES has a
// number for each GPU, FAKE_FREE the gigabytes that each has free (one, if it is not there; below zero: another program has the card), FAKE_FAIL is
// the name of a function and what it answers, where a third number is there from that call on, which is 0 for the first, and where a fourth is there up to
// that one. FAKE_TELL=card prints which card is opened and closed, FAKE_TELL=stream the same of streams, FAKE_TELL=host of the host's memory that is pinned
// and of events. FAKE_REGISTER is 1 where mapped files can be pinned. FAKE_LOG is what the loading of a kernel leaves in its log.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const long long GIGABYTE = 1000000000, TOTAL = 80000000000;

static int launched;
static _Thread_local int current; // device

static int answer(const char* function) {
    char name[64];
    int status, from = 0, to = 1 << 30;
    static int calls; // of the function that fails
    const char* fail = getenv("FAKE_FAIL");
    if (!fail || sscanf(fail, "%63s %d %d %d", name, &status, &from, &to) < 2 || strcmp(name, function)) return 0;
    const int call = calls++;
    return call >= from && call < to ? status : 0;
}

static void tell(const char* of, const char* what, int device) {
    const char* wanted = getenv("FAKE_TELL");
    if (wanted && !strcmp(wanted, of)) printf("%s %d\n", what, device), fflush(stdout);
}

static int number(const char* at, int which) {
    int value = 0, length;
    for (int i = 0; at && i <= which; i++, at += length)
        if (sscanf(at, "%d%n", &value, &length) != 1) return 0;
    return value;
}

static int capability(int device) { return number(getenv("FAKE_CAPABILITIES"), device); }
static long long available() { return GIGABYTE * (getenv("FAKE_FREE") ? number(getenv("FAKE_FREE"), current) : 1); }

static int handle(long long* to, const char* function) {
    *to = 1;
    return answer(function);
}

static int told(const char* what, int status) {
    if (!status) tell("host", what, current);
    return status;
}

int cuInit(int flags) { return answer("cuInit"); }
int cuDriverGetVersion(int* version) { return *version = atoi(getenv("FAKE_CUDA")), 0; }
int cuGetErrorName(int status, const char** text) { return *text = "CUDA_ERROR_FAKE", 0; }
int cuGetErrorString(int status, const char** text) { return *text = "as it was told", 0; }
int cuDeviceGetCount(int* count) {
    for (*count = 0; capability(*count);) ++*count;
    return 0;
}
int cuDeviceGet(int* device, int ordinal) { return *device = ordinal, 0; }
int cuDeviceGetName(char* name, int size, int device) { return snprintf(name, size, "Fake %d", capability(device)), 0; }
int cuDeviceTotalMem_v2(long long* bytes, int device) { return *bytes = TOTAL, 0; }
int cuDeviceGetAttribute(int* value, int attribute, int device) {
    *value = attribute == 75 ? capability(device) / 10 : attribute == 76 ? capability(device) % 10 : attribute == 16 ? 4
             : attribute == 113 && getenv("FAKE_REGISTER") ? 1 : 0;
    return 0;
}
int cuDevicePrimaryCtxRetain(long long* context, int device) {
    *context = 1 + device;
    tell("card", "opens", device);
    return number(getenv("FAKE_FREE"), device) < 0 ? 46 : answer("cuDevicePrimaryCtxRetain");
}
int cuDevicePrimaryCtxRelease_v2(int device) { return tell("card", "closes", device), 0; }
int cuCtxSetCurrent(long long context) { return current = context - 1, answer("cuCtxSetCurrent"); }
int cuMemGetInfo_v2(long long* free, long long* total) { return *free = available(), *total = TOTAL, 0; }
int cuMemAlloc_v2(void** to, long long bytes) { return bytes > available() || posix_memalign(to, 256, bytes) ? 2 : 0; }
int cuMemFree_v2(void* memory) { return free(memory), 0; }
int cuMemHostAlloc(void** to, long long bytes, int flags) {
    return told("pins", posix_memalign(to, 4096, bytes) ? 2 : answer("cuMemHostAlloc"));
}
int cuMemFreeHost(void* memory) { return free(memory), told("unpins", 0); }
int cuMemHostRegister_v2(void* memory, long long bytes, int flags) {
    return told("registers", getenv("FAKE_REGISTER") ? answer("cuMemHostRegister_v2") : 801);
}
int cuMemHostUnregister(void* memory) { return told("unregisters", answer("cuMemHostUnregister")); }
int cuStreamCreate(long long* stream, int flags) { return tell("stream", "opens", current), handle(stream, "cuStreamCreate"); }
int cuStreamDestroy_v2(long long stream) { return tell("stream", "closes", current), answer("cuStreamDestroy_v2"); }
int cuStreamSynchronize(long long stream) { return answer("cuStreamSynchronize"); }
int cuEventCreate(long long* event, int flags) { return told("event", handle(event, "cuEventCreate")); }
int cuEventRecord(long long event, long long stream) { return 0; }
int cuEventSynchronize(long long event) { return launched ? answer("cuEventSynchronize") : 0; }
int cuEventDestroy_v2(long long event) { return told("no event", 0); }
int cuMemcpyHtoDAsync_v2(void* to, void* from, long long bytes, long long stream) {
    const int status = answer("cuMemcpyHtoDAsync_v2");
    return status ? status : (memcpy(to, from, bytes), 0);
}
int cuMemcpyDtoHAsync_v2(void* to, void* from, long long bytes, long long stream) { return memcpy(to, from, bytes), 0; }
int cuMemcpyDtoDAsync_v2(void* to, void* from, long long bytes, long long stream) { return memmove(to, from, bytes), 0; }
int cuModuleLoadDataEx(long long* module, void* image, int count, void* options, char** values) {
    if (getenv("FAKE_LOG")) strcpy(values[0], getenv("FAKE_LOG"));
    return handle(module, "cuModuleLoadDataEx");
}
int cuModuleUnload(long long module) { return 0; }
int cuModuleGetFunction(long long* function, long long module, const char* name) { return handle(function, "cuModuleGetFunction"); }
int cuModuleGetGlobal_v2(long long* address, long long* bytes, long long module, const char* name) { return 500; }
int cuFuncSetAttribute(long long function, int attribute, int value) { return 0; }
int cuStreamBeginCapture_v2(long long stream, int mode) { return 0; }
int cuStreamEndCapture(long long stream, long long* graph) { return handle(graph, "cuStreamEndCapture"); }
int cuGraphInstantiateWithFlags(long long* executable, long long graph, long long flags) { return handle(executable, "cuGraphInstantiateWithFlags"); }
int cuGraphLaunch(long long executable, long long stream) { return 0; }
int cuGraphDestroy(long long graph) { return 0; }
int cuGraphExecDestroy(long long executable) { return 0; }
int cuLaunchKernelEx(void* config, long long function, void** arguments, void** extra) {
    launched = 1;
    return answer("cuLaunchKernelEx");
}
