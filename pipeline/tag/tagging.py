"""tag: what one document is about: names, who acts, what kind of event, how sure, which modalities, AI or not."""

from __future__ import annotations

from pipeline.lexicon import Lexicon
from pipeline.records import Document, Tags
from pipeline.tag import certainty, companies, events, modalities, products, securities, topic


def tag(document: Document, lexicon: Lexicon) -> Tags:
    """What a document says, each tag with the words that show it; `relevant` is whether it is about AI at all."""
    scan = lexicon.scan(document)
    places = products.find(scan, lexicon)
    named = products.tags(scan, places)
    actors = companies.find(document, scan, places, lexicon)
    shares = securities.find(scan, lexicon)
    sure, sure_quote = certainty.find(scan)
    event = events.kind(scan, places, lexicon, sure)
    reason = topic.off_topic(scan, actors, places, lexicon)
    return Tags(
        document_id=document.id,
        relevant=not reason,
        reason=reason,
        companies=actors,
        products=named,
        securities=shares,
        modalities=modalities.find(scan, named, lexicon),
        event_type=event.type,
        event_type_quote=event.quote,
        certainty=sure,
        certainty_quote=sure_quote,
        layer=modalities.layer(scan, event.type, named, lexicon),
    )
