//! The two semaphores.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::Value;
use tollgate_core::{
    AcquireError, BoundedSemaphore, OverReleaseError, OwnedBoundedPermit, OwnedSemaphorePermit, Semaphore,
    TooManyPermitsError,
};

use super::{Entry, Gate, Order, Pass, Refusal, Shelf, whole};
use crate::scenario::{Probe, Reading, Semaphores, Update};

/// `semaphore`.
pub(super) struct Plain(Arc<Semaphore>);

/// `bounded_semaphore`.
pub(super) struct Bounded(Arc<BoundedSemaphore>);

impl Plain {
    pub(super) fn new(spec: &Semaphores) -> Result<Self, Refusal> {
        Ok(Self(Arc::new(Semaphore::new(whole("value", spec.value.0)?))))
    }

    fn release(&self) -> Result<(), Refusal> {
        self.0.release(1);
        Ok(())
    }
}

impl Bounded {
    pub(super) fn new(spec: &Semaphores) -> Result<Self, Refusal> {
        Ok(Self(Arc::new(BoundedSemaphore::new(whole("value", spec.value.0)?))))
    }

    fn release(&self) -> Result<(), Refusal> {
        Ok(self.0.release(1)?)
    }
}

/// How many permits a cost is.
fn permits(cost: f64) -> Result<u32, Refusal> {
    let permits = whole("cost", cost)?;
    u32::try_from(permits)
        .map_err(|_| Refusal::InvalidArgument(format!("cost is {cost}: too many permits for one call")))
}

/// The two have the same methods and no trait in common.
macro_rules! semaphore_gate {
    ($gate:ty, $permit:ty) => {
        impl Gate for $gate {
            fn enter<'a>(&'a self, entry: &'a Entry) -> BoxFuture<'a, Result<Box<dyn Pass>, Refusal>> {
                Box::pin(async move {
                    if entry.consume {
                        return Err(Refusal::Unsupported("be consumed from"));
                    }
                    let permit = self.0.clone().acquire_many_owned(permits(entry.cost)?).await?;
                    Ok(Box::new(permit) as Box<dyn Pass>)
                })
            }

            fn keeps_time(&self) -> bool {
                false
            }

            fn most_alarms(&self) -> usize {
                0
            }

            fn probe(&self, probe: &Probe, _: &Shelf) -> Option<Value> {
                Some(match probe.what {
                    Reading::Locked => self.0.is_locked().into(),
                    Reading::Value => self.0.available_permits().into(),
                    Reading::Waiting => self.0.waiting().into(),
                    Reading::Closed => self.0.is_closed().into(),
                    Reading::TryAcquire => {
                        let permits = permits(probe.arg.map_or(1.0, f64::from)).ok()?;
                        self.0.try_acquire_many(permits).map(|permit| permit.forget()).is_ok().into()
                    }
                    Reading::Level | Reading::HasCapacity | Reading::InFlight | Reading::Paused => {
                        return None;
                    }
                })
            }

            fn locked(&self) -> Option<bool> {
                Some(self.0.is_locked())
            }

            fn obey(&self, order: &Order) -> Result<(), Refusal> {
                match order {
                    Order::Release => self.release()?,
                    Order::Close => self.0.close(),
                    Order::Update(Update { value: Some(value), .. }) => {
                        self.0.resize(whole("value", value.0)?)?
                    }
                    Order::Update(_) => return Err(Refusal::Unsupported("change anything but its value")),
                    Order::Pause { .. } | Order::Resume => return Err(Refusal::Unsupported("pause")),
                    Order::Refund { .. } => return Err(Refusal::Unsupported("refund")),
                }
                Ok(())
            }
        }

        impl Pass for $permit {
            /// As asyncio has it: what is not released by hand is never free again.
            fn keep(self: Box<Self>, _: &Shelf) {
                self.forget();
            }
        }
    };
}

semaphore_gate!(Plain, OwnedSemaphorePermit);
semaphore_gate!(Bounded, OwnedBoundedPermit);

impl From<AcquireError> for Refusal {
    fn from(_: AcquireError) -> Self {
        Self::Closed
    }
}

impl From<OverReleaseError> for Refusal {
    fn from(_: OverReleaseError) -> Self {
        Self::OverRelease
    }
}

impl From<TooManyPermitsError> for Refusal {
    fn from(error: TooManyPermitsError) -> Self {
        Self::InvalidArgument(error.to_string())
    }
}
