// The types where users put them. Most of this has done its work when it compiles.

use std::collections::HashMap;
use std::fmt::Debug;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::Arc;

use crate::at_once;

fn crosses_threads<T: Send + Sync>() {}
fn crosses_threads_too<T: Send + Sync>(_: &T) {}
fn crosses_panics<T: UnwindSafe + RefUnwindSafe>() {}
fn moves<T: Unpin>() {}
fn lives_on<T: 'static>() {}

#[test]
fn the_automatic_traits_are_there() {
    crosses_threads::<Semaphore>();
    crosses_threads::<SemaphorePermit<'_>>();
    crosses_threads::<OwnedSemaphorePermit>();
    crosses_threads::<AcquireError>();
    crosses_threads::<TryAcquireError>();
    crosses_panics::<AcquireError>();
    crosses_panics::<TryAcquireError>();
    moves::<Semaphore>();
    moves::<SemaphorePermit<'_>>();
    moves::<OwnedSemaphorePermit>();
    moves::<AcquireError>();
    moves::<TryAcquireError>();
    lives_on::<SemaphorePermit<'static>>();
    lives_on::<OwnedSemaphorePermit>();

    let semaphore = Arc::new(Semaphore::new(1));
    crosses_threads_too(&semaphore.acquire());
    crosses_threads_too(&semaphore.acquire_many(2));
    crosses_threads_too(&semaphore.clone().acquire_owned());
    crosses_threads_too(&semaphore.clone().acquire_many_owned(2));
}

#[test]
fn the_errors_are_errors_and_can_be_printed() {
    fn error<E: std::error::Error + Debug + Send + Sync + Unpin + 'static>() {}
    error::<AcquireError>();
    error::<TryAcquireError>();
    fn equal<E: PartialEq + Eq>() {}
    equal::<TryAcquireError>();
    fn shown<T: Debug>() {}
    shown::<Semaphore>();
    shown::<SemaphorePermit<'_>>();
    shown::<OwnedSemaphorePermit>();
}

/// A permit of a static where a shorter one is asked for.
fn shorten<'short>(permit: SemaphorePermit<'static>, _: &'short ()) -> SemaphorePermit<'short> {
    permit
}

fn shorten_within<'short>(
    permits: Vec<Option<SemaphorePermit<'static>>>,
    _: &'short (),
) -> Vec<Option<SemaphorePermit<'short>>> {
    permits
}

#[test]
fn a_permit_with_a_long_life_does_where_a_shorter_one_is_asked_for() {
    static FOREVER: Semaphore = Semaphore::const_new(3);
    let brief = Semaphore::new(1);
    // Both in one list, which can only have the shorter life.
    let both = [FOREVER.try_acquire().unwrap(), brief.try_acquire().unwrap()];
    assert_eq!(both.iter().map(SemaphorePermit::num_permits).sum::<usize>(), 2);
    let here = ();
    drop(shorten(FOREVER.try_acquire().unwrap(), &here));
    drop(shorten_within(vec![FOREVER.try_acquire().ok()], &here));
}

/// A future with its life shortened, too.
fn shorten_future<'short>(
    future: Pin<Box<dyn Future<Output = Result<SemaphorePermit<'static>, AcquireError>> + Send>>,
    _: &'short (),
) -> Pin<Box<dyn Future<Output = Result<SemaphorePermit<'static>, AcquireError>> + Send + 'short>> {
    future
}

#[test]
fn futures_are_boxed_and_called_by_their_traits() {
    type Boxed<'a> = Pin<Box<dyn Future<Output = Result<SemaphorePermit<'a>, AcquireError>> + Send + 'a>>;
    type BoxedOwned = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send + Sync>>;
    fn boxed(semaphore: &Semaphore) -> Boxed<'_> {
        Box::pin(semaphore.acquire())
    }
    fn boxed_owned(semaphore: Arc<Semaphore>) -> BoxedOwned {
        Box::pin(semaphore.acquire_owned())
    }
    fn opaque(
        semaphore: &Semaphore,
    ) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireError>> + Send {
        semaphore.acquire_many(2)
    }
    static FOREVER: Semaphore = Semaphore::const_new(1);
    let semaphore = Arc::new(Semaphore::new(9));
    assert_eq!(at_once(boxed(&semaphore)).unwrap().num_permits(), 1);
    assert_eq!(at_once(boxed_owned(semaphore.clone())).unwrap().num_permits(), 1);
    assert_eq!(at_once(opaque(&semaphore)).unwrap().num_permits(), 2);
    assert!(at_once(shorten_future(boxed(&FOREVER), &())).is_ok());
}

/// A limiter that keeps a permit with what it limits.
struct Connection<'pool> {
    host: String,
    _permit: SemaphorePermit<'pool>,
}

struct Pool {
    all: Semaphore,
    hosts: HashMap<String, Arc<Semaphore>>,
}

impl Pool {
    async fn connect(&self, host: &str) -> Result<Connection<'_>, AcquireError> {
        Ok(Connection { host: host.to_owned(), _permit: self.all.acquire().await? })
    }

    fn try_host(&self, host: &str) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.hosts.get(host).ok_or(TryAcquireError::Closed)?.clone().try_acquire_owned()
    }
}

#[test]
fn permits_live_in_structs_and_maps() {
    let hosts = HashMap::from([("a".to_owned(), Arc::new(Semaphore::new(1)))]);
    let pool = Pool { all: Semaphore::new(1), hosts };
    let connection = at_once(pool.connect("a")).unwrap();
    assert_eq!((connection.host.as_str(), pool.all.available_permits()), ("a", 0));
    let held: HashMap<&str, OwnedSemaphorePermit> = [("a", pool.try_host("a").unwrap())].into();
    assert_eq!(pool.try_host("a").unwrap_err(), TryAcquireError::NoPermits);
    assert_eq!(pool.try_host("b").unwrap_err(), TryAcquireError::Closed);
    drop((connection, held));
    assert_eq!((pool.all.available_permits(), pool.try_host("a").is_ok()), (1, true));
}

/// A trait of the user's, for a type that is not theirs.
trait Limit {
    type Pass<'a>: Send
    where
        Self: 'a;

    fn enter(&self) -> impl Future<Output = Option<Self::Pass<'_>>> + Send;
}

impl Limit for Semaphore {
    type Pass<'a> = SemaphorePermit<'a>;

    async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        self.acquire().await.ok()
    }
}

impl Limit for Arc<Semaphore> {
    type Pass<'a> = OwnedSemaphorePermit;

    async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        self.clone().acquire_owned().await.ok()
    }
}

/// One trait for both kinds of permit: they are two types.
trait Held {
    fn kind(&self) -> &'static str;
}

impl Held for SemaphorePermit<'_> {
    fn kind(&self) -> &'static str {
        "borrowed"
    }
}

impl Held for OwnedSemaphorePermit {
    fn kind(&self) -> &'static str {
        "owned"
    }
}

#[test]
fn users_implement_their_traits_for_the_types() {
    let semaphore = Arc::new(Semaphore::new(2));
    let borrowed = at_once(Limit::enter(&*semaphore)).unwrap();
    let owned = at_once(Limit::enter(&semaphore)).unwrap();
    let held: [Box<dyn Held + Send + '_>; 2] = [Box::new(borrowed), Box::new(owned)];
    assert_eq!(held.map(|permit| permit.kind()), ["borrowed", "owned"]);
}

#[test]
fn methods_are_passed_as_functions() {
    async fn with<F, Fut>(acquire: F, semaphore: &Arc<Semaphore>) -> usize
    where
        F: Fn(Arc<Semaphore>) -> Fut,
        Fut: Future<Output = Result<OwnedSemaphorePermit, AcquireError>>,
    {
        acquire(semaphore.clone()).await.map_or(0, |permit| permit.num_permits())
    }
    let semaphore = Arc::new(Semaphore::new(2));
    assert_eq!(at_once(with(Semaphore::acquire_owned, &semaphore)), 1);
    let taken: Vec<_> = [1, 1, 1].iter().map(|&n| semaphore.try_acquire_many(n)).collect();
    assert_eq!(taken.iter().filter(|permit| permit.is_ok()).count(), 2);
    let all: Result<Vec<_>, TryAcquireError> = taken.into_iter().collect();
    assert_eq!(all.unwrap_err(), TryAcquireError::NoPermits);
}
