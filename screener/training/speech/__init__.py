"""How a Vosk speech model is made from nothing, without Kaldi. Read in this order.

==============  ==============================================================================
`tokens`        a syllable is two tokens, an initial and a final; 61 of them and the CTC blank
`corpus`        which sentences, and the words that they are cut into
`synthesis`     espeak-ng says them in many voices
`throats`       voices that espeak-ng does not ship
`sounds`        what is heard when nobody speaks
`scraps`        laughter and breath made of scraps of speech
`augment`       telephone, noise, room, level, lost packets
`data`          the training set: drawn, synthesised, distorted
`features`      what the net sees: 40 cepstra every 10 ms, as Kaldi computes them
`net`           a time-delay net, 256 wide
`disturb`       another throat, another level and gaps, anew in every pass
`fit`           training with connectionist temporal classification (CTC)
`kaldi`         `final.mdl`, Kaldi's binary format, written and read
`openfst`       OpenFst's binary format, written and read
`graph`         words and which follows which, as one decoding graph
`folder`        the model folder that Vosk loads, its card and its sums
`unheard`       sounds of mouths made another way, for measurement only
`evaluate`      how well it hears, on voices that it was not trained on
`alarms`        what it hears where nobody says it
`card`          all that in a page for people
`wordbank`      an experiment with words that people have spoken
`build`         all of it, in order
==============  ==============================================================================

Needs the extra `train` and the program espeak-ng. The product itself never imports this package.
"""
