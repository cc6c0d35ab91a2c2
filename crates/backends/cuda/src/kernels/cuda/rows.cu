// A row has a team of threads: one, a part of a warp, or a block. Of a thread's neighbours all are of one row, or, where
// the elements of different rows lie next to each other, each is of a row of its own.
constexpr bool OWN_ROWS = ${OWN_ROWS};
constexpr unsigned ROW = ${ROW};
constexpr unsigned TEAM = ${TEAM};
constexpr int WIDTH = ${WIDTH};
constexpr int ROWS = OWN_ROWS ? WIDTH : 1;
constexpr unsigned STRIDE = OWN_ROWS ? 1 : TEAM * WIDTH;
constexpr unsigned STEPS = (ROW + STRIDE - 1) / STRIDE;
// Whether the elements stay in registers; else they are computed again each time.
constexpr bool HELD = ${HELD};
constexpr int UNROLL = HELD ? STEPS : OWN_ROWS ? 4 : 1;

// A number of each row of a thread.
struct Numbers { float of[ROWS]; };

struct Sum {
    static __device__ __forceinline__ float start() { return 0.0f; }
    static __device__ __forceinline__ float join(float a, float b) { return a + b; }
};
struct Product {
    static __device__ __forceinline__ float start() { return 1.0f; }
    static __device__ __forceinline__ float join(float a, float b) { return a * b; }
};
struct Max {
    static __device__ __forceinline__ float start() { return -number(0x7f800000u); }
    static __device__ __forceinline__ float join(float a, float b) { return fmaxf(a, b); }
};
struct Min {
    static __device__ __forceinline__ float start() { return number(0x7f800000u); }
    static __device__ __forceinline__ float join(float a, float b) { return fminf(a, b); }
};

// What is made of an element of a row before it is joined with the others.
struct Itself {
    __device__ __forceinline__ float operator()(float x, int) const { return x; }
};
struct Square {
    __device__ __forceinline__ float operator()(float x, int) const { return x * x; }
};
struct SquareFrom {
    Numbers mean;
    __device__ __forceinline__ float operator()(float x, int row) const {
        return (x - mean.of[row]) * (x - mean.of[row]);
    }
};
struct ExpFrom {
    Numbers max;
    __device__ __forceinline__ float operator()(float x, int row) const { return expf(x - max.of[row]); }
};

template <typename Fold>
__device__ __forceinline__ float across(float x) {
#pragma unroll
    for (int mask = (TEAM < 32 ? TEAM : 32) / 2; mask > 0; mask /= 2) x = Fold::join(x, from_lane(x, mask));
    if (TEAM > 32) {
        __shared__ float parts[32];
        __syncthreads();
        if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
        __syncthreads();
        x = threadIdx.x % 32 * 32 < TEAM ? parts[threadIdx.x % 32] : Fold::start();
#pragma unroll
        for (int mask = 16; mask > 0; mask /= 2) x = Fold::join(x, from_lane(x, mask));
    }
    return x;
}

struct Row {
    Before before;
    unsigned row, member;
    float held[HELD ? STEPS : 1][WIDTH];

    __device__ __forceinline__ unsigned element(unsigned step) const {
        return OWN_ROWS ? step : (step * TEAM + member) * WIDTH;
    }
    static __device__ __forceinline__ bool has(unsigned element) { return ROW % STRIDE == 0 || element < ROW; }

    __device__ __forceinline__ void load() {
        if constexpr (HELD) {
#pragma unroll
            for (unsigned step = 0; step < STEPS; ++step) {
                if (has(element(step))) before(row, element(step), held[step]);
            }
        }
    }
    __device__ __forceinline__ void get(unsigned step, float (&x)[WIDTH]) const {
        if constexpr (HELD) {
#pragma unroll
            for (int lane = 0; lane < WIDTH; ++lane) x[lane] = held[step][lane];
        } else {
            before(row, element(step), x);
        }
    }
    template <typename Fold, typename Each>
    __device__ __forceinline__ Numbers fold(const Each& each) const {
        Numbers all;
#pragma unroll
        for (int row = 0; row < ROWS; ++row) all.of[row] = Fold::start();
#pragma unroll UNROLL
        for (unsigned step = 0; step < STEPS; ++step) {
            if (has(element(step))) {
                float x[WIDTH];
                get(step, x);
#pragma unroll
                for (int lane = 0; lane < WIDTH; ++lane) {
                    const int row = OWN_ROWS ? lane : 0;
                    all.of[row] = Fold::join(all.of[row], each(x[lane], row));
                }
            }
        }
#pragma unroll
        for (int row = 0; row < ROWS; ++row) all.of[row] = across<Fold>(all.of[row]);
        return all;
    }
};

extern "C" __global__ void __launch_bounds__(${THREADS})
rows(${STORED}* to, ${PARAMETERS}${PARAMETERS_AFTER}unsigned teams) {
    const After after{${PASSED_AFTER}};
    const unsigned thread = blockIdx.x * ${THREADS}u + threadIdx.x;
    // Threads past the end repeat the last row, since all of a warp exchange numbers.
    const bool is_kept = thread / TEAM < teams;
    Row x{Before{${PASSED}}, (is_kept ? thread / TEAM : teams - 1) * ROWS, threadIdx.x % TEAM};
    x.load();
${REDUCE}
${FINISH}
}
