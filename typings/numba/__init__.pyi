from collections.abc import Callable
from typing import Any, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])

types: Any

def carray(pointer: Any, shape: Any, dtype: Any) -> Any: ...
def njit(
    *,
    cache: bool = ...,
    error_model: str = ...,
    nogil: bool = ...,
    no_cpython_wrapper: bool = ...,
    no_cfunc_wrapper: bool = ...,
) -> Callable[[_F], _F]: ...
