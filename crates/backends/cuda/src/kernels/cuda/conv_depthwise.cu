constexpr int WIDTH = ${WIDTH};

extern "C" __global__ void __launch_bounds__(256)
conv(${STORED}* to, const ${READ}* __restrict__ from, const ${WEIGHT}* __restrict__ weights, ${PARAMETERS}unsigned count) {
    const unsigned at = blockIdx.x * 256u + threadIdx.x;
    if (at >= count) return;
${COORDINATES}
    const ${READ}* start = from + (size_t)image * ${INPUT_IMAGE} + channel * (size_t)${INPUT_CHANNEL};
    const ${WEIGHT}* own = weights + channel * (size_t)${WEIGHT_CHANNEL};
    float given[WIDTH] = {};
    const auto window = [&](unsigned place, unsigned tap) {
        const auto loaded = pack<WIDTH>(start + place);
#pragma unroll
        for (int lane = 0; lane < WIDTH; ++lane) {
            given[lane] = fmaf(read(loaded.items[lane]), read(own[lane * (size_t)${WEIGHT_CHANNEL} + tap]), given[lane]);
        }
    };
${LOOPS}
    const Finish finish{${PASSED}};
    float result[WIDTH];
    finish(${VARIABLES}, given, result);
    ${PUT};
}
