// One thread some neighbouring elements of the window of one pixel.
extern "C" __global__ void __launch_bounds__(256)
unfold(${STORED}* to, const ${READ}* __restrict__ from, unsigned count) {
    constexpr int WIDTH = ${WIDTH};
    const unsigned number = blockIdx.x * 256u + threadIdx.x;
    if (number >= count) return;
    const unsigned row = number / (${DEPTH}u / WIDTH), first = number % (${DEPTH}u / WIDTH) * WIDTH;
    const unsigned pixel = row % ${PIXELS}u;
${OUTPUT_AXES}
    const ${READ}* start = from + (size_t)(row / ${PIXELS}u) * ${INPUT_IMAGE} + blockIdx.y * (size_t)${INPUT_GROUP};
    float result[WIDTH];
#pragma unroll
    for (int lane = 0; lane < WIDTH; ++lane) {
        const unsigned element = first + lane;
        unsigned place = 0;
        bool is_inside = true;
${ELEMENT_AXES}
        result[lane] = is_inside ? read(start[place]) : 0.0f;
    }
    put<WIDTH>(to + ((size_t)blockIdx.y * count + number) * WIDTH, result);
}
