// LibUV
