"""How an image is read for an exported network; the scripts beside an export have this function inside."""

import numpy as np
from PIL import Image, ImageOps


def read(path: str, size: list[int] | None, bands: dict[str, list[int]] | None) -> np.ndarray:
    """Return an image as the network takes it, uint8 [H, W, C]; a classifier's images are all of one size."""
    if bands:
        import rasterio

        with rasterio.open(path) as raster:
            if max(bands["numbers"]) > raster.count:
                raise SystemExit(f"{path} has {raster.count} bands, and the network reads {bands['numbers']}")
            stored = raster.read(bands["numbers"])
        if stretch := bands["stretch"]:  # the values that become 0 and 255, of all bands or of each
            low, high = np.array(stretch, np.float32).T[:, :, None, None]
            scaled = (stored.astype(np.float32).clip(low, high) - low) * (np.float32(255) / (high - low))
            planes = np.nan_to_num(scaled).round().astype(np.uint8)
        elif stored.dtype == bands["dtype"]:  # of 16 bits the upper 8
            planes = (stored >> 8 * (stored.dtype.itemsize - 1)).astype(np.uint8)
        else:
            raise SystemExit(f"{path} holds {stored.dtype} values, and the network reads {bands['dtype']}")
        if size:
            planes = [Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR) for plane in planes]
        return np.stack(planes, axis=-1)
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode.startswith("I"):  # 16 bits of grey, which Pillow would clip at 255
        image = Image.fromarray((np.asarray(image).clip(0, 65535) >> 8).astype(np.uint8))
    image = image.convert("RGB")
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR) if size else image)
