constexpr unsigned CHANNELS = ${CHANNELS}, CHANNELS_IN = ${CHANNELS_IN}, CHANNELS_OUT = ${CHANNELS_OUT};
constexpr unsigned WEIGHTS = ${WEIGHTS}, DEPTH = WEIGHTS / CHANNELS, TAPS = DEPTH / CHANNELS_IN;
constexpr bool IS_SHARED = ${IS_SHARED};
constexpr int WIDTH = ${WIDTH};

__device__ __forceinline__ size_t weight_place(unsigned channel, unsigned in, unsigned tap) {
    return ${WEIGHT_PLACE};
}

extern "C" __global__ void __launch_bounds__(256)
conv(${STORED}* to, const ${READ}* __restrict__ from, const ${WEIGHT}* __restrict__ weights, ${PARAMETERS}unsigned count) {
    // Those of one element of the window next to each other.
    alignas(16) __shared__ float shared[IS_SHARED ? WEIGHTS : 1];
    if (IS_SHARED) {
        for (unsigned at = threadIdx.x; at < WEIGHTS; at += 256) {
            const unsigned depth = at % DEPTH, channel = at / DEPTH;
            shared[IS_SHARED ? depth * CHANNELS + channel : 0] =
                read(weights[weight_place(channel, depth / TAPS, depth % TAPS)]);
        }
        __syncthreads();
    }
    const unsigned at = blockIdx.x * 256u + threadIdx.x;
    if (at >= count) return;
${COORDINATES}
    const ${READ}* start = from + (size_t)image * ${INPUT_IMAGE} + channel / CHANNELS_OUT * CHANNELS_IN * (size_t)${INPUT_CHANNEL};
    float given[WIDTH] = {};
    const auto window = [&](unsigned place, unsigned tap) {
#pragma unroll 4
        for (unsigned in = 0; in < CHANNELS_IN; ++in) {
            const float x = read(start[place + in * (size_t)${INPUT_CHANNEL}]);
            if (IS_SHARED) {
                const auto own = pack<WIDTH>(shared + (IS_SHARED ? (in * TAPS + tap) * CHANNELS + channel : 0));
#pragma unroll
                for (int lane = 0; lane < WIDTH; ++lane) given[lane] = fmaf(x, own.items[lane], given[lane]);
            } else {
#pragma unroll
                for (int lane = 0; lane < WIDTH; ++lane) {
                    given[lane] = fmaf(x, read(weights[weight_place(channel + lane, in, tap)]), given[lane]);
                }
            }
        }
    };
${LOOPS}
    const Finish finish{${PASSED}};
    float result[WIDTH];
    finish(${VARIABLES}, given, result);
    ${PUT};
}
