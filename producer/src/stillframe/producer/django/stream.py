"""The copy of a body that Django itself has read into a file before the view begins, as it does under ASGI."""

from __future__ import annotations

import os
from contextlib import suppress
from io import UnsupportedOperation

from stillframe.producer.capture.body import BodyIncomplete
from stillframe.producer.capture.input import InputCopy
from stillframe.schemas.errors import PayloadTooLarge


class FileCopy(InputCopy):
    """Behaves as the file does where Django cares: it is measured before it is read whole, and closed after."""

    def seekable(self) -> bool:
        return bool(self._stream.seekable())

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Where the end is; and back to the beginning, which nobody has left: what is read ahead is not read yet.

        So ``DATA_UPLOAD_MAX_MEMORY_SIZE`` holds for chunked bodies too.
        """
        if offset or whence not in {os.SEEK_SET, os.SEEK_END}:
            raise UnsupportedOperation("a request's body can only be measured")
        if whence == os.SEEK_SET:
            return 0
        here = self._stream.tell()
        end = int(self._stream.seek(0, os.SEEK_END))
        self._stream.seek(here)
        return end

    def close(self) -> None:
        """Take what a snapshot may still want of the file, and let the file go."""
        if not self._stream.closed:
            with suppress(PayloadTooLarge, BodyIncomplete):  # that is for whoever asks for a snapshot
                self.copy()
            self._stream.close()
