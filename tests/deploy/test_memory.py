"""Memory does not grow with the raster."""

import subprocess
import sys

import pytest
from map_scenes import noise, write_scene

PEAK = """
import sys
from pathlib import Path
from pixelproof import api
out = Path(sys.argv[3])
api.map(sys.argv[1], sys.argv[2], out, device="cpu", backend="torch", tile=512, polygons=out.with_suffix(".gpkg"))
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the process's own peak from /proc")
def test_a_raster_of_six_times_the_size_needs_hardly_more(slim_run, tmp_path):
    peaks = []
    for width in (2_000, 12_000):
        scene = write_scene(tmp_path / f"{width}.tif", noise(2_000, width), tiled=True)
        command = [sys.executable, "-c", PEAK, slim_run.path, scene, tmp_path / f"map-{width}.tif"]
        peaks.append(int(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout) / 1024)
    # The larger raster alone has 60 MB more of pixels in, 20 MB out, and 3 million corners of polygons; of its blocks
    # GDAL's cache, which is full then, holds 50 MB more.
    assert peaks[1] - peaks[0] < 150, peaks
