// One block 64 pixels × 64 channels. The sum goes over the elements of the window, and for each over the channels of the
// input, which lie next to each other there.
constexpr unsigned CHANNELS_IN = ${CHANNELS_IN}, CHANNELS_OUT = ${CHANNELS_OUT}, K = CHANNELS_IN * ${TAPS};
constexpr int PACK = ${PACK}, WIDTH = ${WIDTH};

// A pixel of the result.
struct Side { unsigned image,${DECLARED} is_inside; };

__device__ __forceinline__ Side side_of(unsigned row, unsigned rows) {
    Side side;
    side.is_inside = row < rows;
    side.image = row / ${PIXELS}u;
    const unsigned pixel = row % ${PIXELS}u;
${COORDINATES}    return side;
}

__device__ __forceinline__ Pack<Number, PACK> load(const Number* from, const Side& side, unsigned k) {
    const unsigned tap = k / CHANNELS_IN;
    bool is_inside = side.is_inside && k < K;
    unsigned place = k % CHANNELS_IN;
${WINDOW}    Pack<Number, PACK> loaded;
    if (is_inside) {
        loaded = pack<PACK>(from + (size_t)side.image * ${INPUT_IMAGE} + place);
    } else {
#pragma unroll
        for (int lane = 0; lane < PACK; ++lane) loaded.items[lane] = Stored<Number>::of(0.0f);
    }
    return loaded;
}

__device__ __forceinline__ void bring_weights(Brought<1>& brought, const Number* weights, unsigned first, unsigned start) {
#pragma unroll
    for (int item = 0; item < 16; ++item) {
        const unsigned number = item * 128 + threadIdx.x, channel = first + number / 32, k = start + number % 32;
        const unsigned in = k % CHANNELS_IN, tap = k / CHANNELS_IN;
        const bool is_inside = channel < CHANNELS_OUT && k < K;
        const unsigned place = channel * ${WEIGHT_OUT}u + in * ${WEIGHT_IN}u + ${WEIGHT_TAP};
        brought.items[item].items[0] = is_inside ? weights[place] : Stored<Number>::of(0.0f);
    }
}

extern "C" __global__ void __launch_bounds__(128)
conv(${STORED}* to, const Number* __restrict__ from, const Number* __restrict__ weights, ${PARAMETERS}unsigned rows) {
    alignas(16) __shared__ Kept left[LEFT];
    alignas(16) __shared__ Kept right[RIGHT];
    const Finish finish{${PASSED}};
    const unsigned first_row = blockIdx.x * 64, first_channel = blockIdx.y * 64;
    from += blockIdx.z * CHANNELS_IN;
    weights += blockIdx.z * (size_t)CHANNELS_OUT * ${WEIGHT_OUT};
    // Of a pixel a thread always has the same neighbours among 32 elements.
    constexpr unsigned LINE = 32 / PACK;
    const unsigned part = threadIdx.x % LINE * PACK;
    Side sides[16 / PACK];
#pragma unroll
    for (int item = 0; item < 16 / PACK; ++item) {
        sides[item] = side_of(first_row + (item * 128 + threadIdx.x) / LINE, rows);
    }
    float sums[8][4] = {};
    Brought<PACK> next_left;
    Brought<1> next_right;
#pragma unroll
    for (int item = 0; item < 16 / PACK; ++item) next_left.items[item] = load(from, sides[item], part);
    bring_weights(next_right, weights, first_channel, 0);
#pragma unroll 1
    for (unsigned start = 0; start < K; start += 32) {
        keep<false>(left, next_left, left_place);
        keep<false>(right, next_right, right_place);
        __syncthreads();
        if (start + 32 < K) {
#pragma unroll
            for (int item = 0; item < 16 / PACK; ++item) {
                next_left.items[item] = load(from, sides[item], start + 32 + part);
            }
            bring_weights(next_right, weights, first_channel, start + 32);
        }
        add(sums, left, right);
        __syncthreads();
    }
#pragma unroll
    for (int at = 0; at < 32; at += WIDTH) {
        const unsigned row = first_row + row_of(at), in_group = first_channel + column_of(at);
        if (row < rows && in_group < CHANNELS_OUT) {
            const Side side = side_of(row, rows);
            ${LOCALS}
            const unsigned channel = blockIdx.z * CHANNELS_OUT + in_group;
            float given[WIDTH], result[WIDTH];
#pragma unroll
            for (int lane = 0; lane < WIDTH; ++lane) given[lane] = sums[at / 4][at % 4 + lane];
            finish(${VARIABLES}, given, result);
            ${PUT};
        }
    }
}
