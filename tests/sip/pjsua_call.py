"""One call of PJSUA, run by an interpreter that has pjsua2: speaks say.wav, presses a key, holds, resumes.

Prints one line for each step; `python pjsua_call.py URI FOLDER udp|tcp`.
"""

import sys
import time

import pjsua2 as pj

uri, folder, over = sys.argv[1:4]


class Call(pj.Call):
    """A call whose audio is a file in and a file out."""

    state, media = "", 0
    player, recorder = None, None

    def onCallState(self, _prm) -> None:  # noqa: N802 - the library's name
        info = self.getInfo()
        self.state = info.stateText
        print("state", info.lastStatusCode, self.state, flush=True)

    def onCallMediaState(self, _prm) -> None:  # noqa: N802
        info = self.getInfo()  # kept: its media are views of it
        for index, media in enumerate(info.media):
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                audio = self.getAudioMedia(index)
                self.player.startTransmit(audio)
                audio.startTransmit(self.recorder)
        self.media += 1


endpoint = pj.Endpoint()
endpoint.libCreate()
config = pj.EpConfig()
config.logConfig.level = config.logConfig.consoleLevel = 0
config.uaConfig.threadCnt = 1
config.medConfig.clockRate, config.medConfig.noVad, config.medConfig.ecTailLen = 8000, True, 0  # nothing but G.711
endpoint.libInit(config)
transport = pj.TransportConfig()
transport.boundAddress = "127.0.0.1"
endpoint.transportCreate(pj.PJSIP_TRANSPORT_TCP if over == "tcp" else pj.PJSIP_TRANSPORT_UDP, transport)
endpoint.libStart()
endpoint.audDevManager().setNullDev()
account = pj.AccountConfig()
account.idUri = "sip:13800138000@127.0.0.1"
account.mediaConfig.transportConfig.boundAddress = "127.0.0.1"
user = pj.Account()
user.create(account)
call = Call(user)
call.player, call.recorder = pj.AudioMediaPlayer(), pj.AudioMediaRecorder()
call.player.createPlayer(f"{folder}/say.wav", 0)
call.recorder.createRecorder(f"{folder}/heard.wav")
options = pj.CallOpParam(True)
call.makeCall(f"{uri};transport=tcp" if over == "tcp" else uri, options)


def until(what, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not what() and time.monotonic() < deadline:
        time.sleep(0.02)


until(lambda: call.state == "CONFIRMED")
time.sleep(3)
call.dialDtmf("5")
time.sleep(0.5)
call.setHold(pj.CallOpParam())
time.sleep(1)
options = pj.CallOpParam(True)
options.opt.flag = pj.PJSUA_CALL_UNHOLD
call.reinvite(options)
time.sleep(1.5)
call.hangup(pj.CallOpParam())
until(lambda: call.state == "DISCONNECTED", 5)
call = None
endpoint.libDestroy()
