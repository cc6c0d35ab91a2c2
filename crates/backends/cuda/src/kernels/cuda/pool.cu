extern "C" __global__ void __launch_bounds__(256) pool(${STORED}* to, const ${READ}* from, unsigned count) {
    const unsigned at = blockIdx.x * 256u + threadIdx.x;
    if (at >= count) return;
${COORDINATES}
    const ${READ}* start = from + (${FROM});
    unsigned counted = 0;
    float result[${WIDTH}];
#pragma unroll
    for (int lane = 0; lane < ${WIDTH}; ++lane) result[lane] = ${START};
${LOOPS}
${FINISH}
    if (divisor != 1) {
#pragma unroll
        for (int lane = 0; lane < ${WIDTH}; ++lane) result[lane] /= float(divisor);
    }
    put<${WIDTH}>(to + (${PLACE}), result);
}
