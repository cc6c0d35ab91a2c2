extern "C" __global__ void __launch_bounds__(256) map(${STORED}* to, ${PARAMETERS}unsigned count) {
    const unsigned number = blockIdx.x * 256u + threadIdx.x;
    if (number >= count) return;
    const unsigned at = number * ${WIDTH}u;
    ${CLASS} result[${WIDTH}];
    const Compute compute{${PASSED}};
    compute(at, result);
    put<${WIDTH}>(to + (${PLACE}), result);
}
