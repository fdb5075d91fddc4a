"""A server that speaks as vosk-server's `websocket/asr_server.py` does: `python vosk_server.py PORT [MODEL]`.

That program is in no package; this one stands on the same two libraries and answers message by message likewise.
"""

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import vosk
from websockets.asyncio.server import ServerConnection, serve

from screener.resources import embedded_model_folder

END = '{"eof" : 1}'


class VoskServer:
    """One model, a thread, any number of connections."""

    def __init__(self, folder: Path) -> None:
        vosk.SetLogLevel(-1)
        self._model, self._threads = vosk.Model(str(folder)), ThreadPoolExecutor(1)

    async def hear(self, socket: ServerConnection) -> None:
        rate, words, recognizer = 8000.0, False, None
        async for message in socket:
            if isinstance(message, str) and "config" in message:
                said = json.loads(message)["config"]
                rate, words = float(said.get("sample_rate", rate)), bool(said.get("words", words))
                continue
            if recognizer is None:
                recognizer = vosk.KaldiRecognizer(self._model, rate)
                recognizer.SetWords(words)
            loop = asyncio.get_running_loop()
            await socket.send(await loop.run_in_executor(self._threads, self._answer, recognizer, message))
            if message == END:
                return

    @staticmethod
    def _answer(recognizer: vosk.KaldiRecognizer, message: str | bytes) -> str:
        if message == END:
            return str(recognizer.FinalResult())
        heard = recognizer.AcceptWaveform(message)
        return str(recognizer.Result() if heard else recognizer.PartialResult())


async def main(port: int, folder: Path) -> None:
    async with serve(VoskServer(folder).hear, "127.0.0.1", port):
        print("listening", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else embedded_model_folder()))
