"""Runs cases of check.mjs in OpenCV: `python3 opencv.py FOLDER "" ID...`; a line of JSON for each."""
import json
import sys
from pathlib import Path

try:
    import cv2
    import numpy as np
except ImportError:
    print(json.dumps({"missing": "cv2"}))
    sys.exit()

cv2.setNumThreads(1)
folder = Path(sys.argv[1])
cases = {each["id"]: each for each in json.loads((folder / "cases.json").read_text())}
for id in sys.argv[3:]:
    try:
        net = cv2.dnn.readNetFromONNX(str(folder / cases[id]["file"]))
        image = np.fromfile(folder / f"{id}.image", np.float32).reshape(cases[id]["shape"])
        net.setInput(image)
        print(json.dumps({"id": id, "logits": net.forward().ravel().tolist()}), flush=True)
    except cv2.error as error:
        print(json.dumps({"id": id, "error": str(error)}), flush=True)
