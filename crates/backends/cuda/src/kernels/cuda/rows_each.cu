    if (!is_kept) return;
#pragma unroll UNROLL
    for (unsigned step = 0; step < STEPS; ++step) {
        const unsigned element = x.element(step);
        if (Row::has(element)) {
            float given[WIDTH];
            ${CLASS} result[WIDTH];
            x.get(step, given);
#pragma unroll
            for (int lane = 0; lane < WIDTH; ++lane) {
                const int row = OWN_ROWS ? lane : 0;
                const float value = given[lane];
                given[lane] = ${RESULT};
            }
            after(x.row, element, given, result);
            ${PUT};
        }
    }
