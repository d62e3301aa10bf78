//! A subscriber that writes down what it is told, for the thread of a test.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, Once};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, Interest, set_default};
use tracing::{Event, Level, Metadata, Subscriber};

/// What has been told on this thread since it was made, and is told as long as it lives.
pub(crate) struct Told {
    log: Arc<Log>,
    _default: DefaultGuard,
}

/// Does something whenever something is told.
type Then = Box<dyn Fn(&str) + Send + Sync>;

struct Log {
    lines: Mutex<Vec<String>>,
    /// The spans that this thread is in, innermost last.
    spans: Mutex<Vec<u64>>,
    names: Mutex<Vec<&'static str>>,
    most: Level,
    then: Option<Then>,
}

/// To be called before anything can be told.
///
/// While the first subscriber ever comes, an event that is told for the first time on another thread may be missed
/// for good. So there is one from the start, which wants nothing.
pub(crate) fn begin() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Deaf).expect("nobody else does this"));
}

struct Deaf;

impl Subscriber for Deaf {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        false
    }

    // Asked each time, as others may come and go.
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        panic!("it wants no {event:?}");
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Told {
    pub(crate) fn all() -> Self {
        Self::new(Level::TRACE, None)
    }

    pub(crate) fn up_to(most: Level) -> Self {
        Self::new(most, None)
    }

    pub(crate) fn and_then(then: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self::new(Level::TRACE, Some(Box::new(then)))
    }

    fn new(most: Level, then: Option<Then>) -> Self {
        begin();
        let (lines, spans, names) = Default::default();
        let log = Arc::new(Log { lines, spans, names, most, then });
        Self { _default: set_default(log.clone()), log }
    }

    /// What has been told since this was last asked.
    pub(crate) fn lines(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lines.lock().unwrap())
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.most
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut names = self.names.lock().unwrap();
        names.push(span.metadata().name());
        Id::from_u64(names.len() as u64)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let of = event.metadata();
        assert_eq!(of.target(), "tollgate");
        let mut line = Line(String::new());
        event.record(&mut line);
        let Line(mut line) = line;
        if let Some(id) = self.spans.lock().unwrap().last() {
            let name = self.names.lock().unwrap()[*id as usize - 1];
            write!(line, " in {name}").unwrap();
        }
        let line = format!("{} {}{line}", of.level(), of.name());
        self.lines.lock().unwrap().push(line.clone());
        if let Some(then) = &self.then {
            then(&line);
        }
    }

    fn enter(&self, id: &Id) {
        self.spans.lock().unwrap().push(id.into_u64());
    }

    fn exit(&self, _: &Id) {
        self.spans.lock().unwrap().pop();
    }
}

/// The fields of an event, in order. The message is the event's name once more.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() != "message" {
            write!(self.0, " {}={value:?}", field.name()).unwrap();
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        write!(self.0, " {}={value}", field.name()).unwrap();
    }
}
