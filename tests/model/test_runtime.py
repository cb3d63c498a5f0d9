"""Denormal numbers cost an Intel processor a hundred times as much as others: the networks must not pay for them."""

import platform
import subprocess
import sys

import pytest

PRODUCT_WITH_ONE = """
import threading
import numpy as np
from model.runtime import flush_denormals

{call}
products = []
thread = threading.Thread(target=lambda: products.append(float(np.float32(1e-39) * np.float32(0.5))))
thread.start()
thread.join()
print(products[0])
"""


def product_in_a_new_thread(call: str) -> float:
    program = PRODUCT_WITH_ONE.format(call=call)
    return float(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="onnxruntime flushes them on x86 alone")
def test_threads_that_start_afterwards_take_denormal_numbers_for_nothing() -> None:
    assert product_in_a_new_thread("flush_denormals()") == 0.0


def test_without_it_they_are_numbers() -> None:
    assert product_in_a_new_thread("") > 0.0
