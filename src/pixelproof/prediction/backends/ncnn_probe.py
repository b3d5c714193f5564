"""A script: compute images of zeros with a network in ncnn's format, and do nothing else that could fail.

python ncnn_probe.py NETWORK.param CHANNELSxHEIGHTxWIDTH ...
"""

import sys
from pathlib import Path

import ncnn
import numpy as np

param = Path(sys.argv[1])
net = ncnn.Net()
net.opt.use_vulkan_compute = False
if net.load_param(str(param)) or net.load_model(str(param.with_suffix(".bin"))):
    sys.exit("ncnn cannot read it")
for size in sys.argv[2:]:
    image = np.zeros(tuple(map(int, size.split("x"))), np.float32)
    extractor = net.create_extractor()
    extractor.input("in0", ncnn.Mat(image).clone())
    if extractor.extract("out0")[0]:
        sys.exit(f"ncnn cannot compute it for images of {size} pixels")
