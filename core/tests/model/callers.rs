//! The futures and permits of a script's calls.

use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures::future::LocalBoxFuture;
use tollgate_core::AdmitError;
use tollgate_core::throttle::{Acquire, Consume, Reservation, Reserve};
use tollgate_core::time::ManualTimer;

use crate::bell::Bell;
use crate::common::{Gate, Pass};

pub(crate) enum Asking<'g> {
    Acquire(Acquire<Gate, ManualTimer>),
    Reserve(Reserve<Gate, ManualTimer>),
    Consume(Consume<'g, ManualTimer>),
    Run(Running<'g>),
}

pub(crate) enum Holds<'g> {
    Permit(Pass),
    /// To begin later.
    Reservation(Reservation<Gate, ManualTimer>),
    /// A call that has begun, of which nothing is known here.
    Forgotten,
    Run(Running<'g>),
}

/// A call under way by `run`, and what it is told to do.
pub(crate) struct Running<'g> {
    future: LocalBoxFuture<'g, Result<(), AdmitError>>,
    stage: Rc<Cell<Stage>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Outside,
    Inside,
    End,
    Panic,
}

pub(crate) enum Outcome<'g> {
    Waits(Asking<'g>),
    In(Holds<'g>),
    Through,
    Refused(AdmitError),
}

/// How a call comes out.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum End {
    Release,
    NotMade,
    Panic,
}

impl<'g> Asking<'g> {
    pub(crate) fn run(gate: &'g Gate, cost: f64) -> Self {
        let stage = Rc::new(Cell::new(Stage::Outside));
        let future = Box::pin(gate.run_cost(cost, call(stage.clone())));
        Self::Run(Running { future, stage })
    }

    pub(crate) fn poll(self, bell: &Bell) -> Outcome<'g> {
        let waker = bell.waker();
        let mut cx = Context::from_waker(&waker);
        match self {
            Self::Acquire(mut future) => match Pin::new(&mut future).poll(&mut cx) {
                Poll::Pending => Outcome::Waits(Self::Acquire(future)),
                Poll::Ready(Ok(permit)) => Outcome::In(Holds::Permit(permit)),
                Poll::Ready(Err(error)) => Outcome::Refused(error),
            },
            Self::Reserve(mut future) => match Pin::new(&mut future).poll(&mut cx) {
                Poll::Pending => Outcome::Waits(Self::Reserve(future)),
                Poll::Ready(Ok(reservation)) => Outcome::In(Holds::Reservation(reservation)),
                Poll::Ready(Err(error)) => Outcome::Refused(error),
            },
            Self::Consume(mut future) => match Pin::new(&mut future).poll(&mut cx) {
                Poll::Pending => Outcome::Waits(Self::Consume(future)),
                Poll::Ready(Ok(())) => Outcome::Through,
                Poll::Ready(Err(error)) => Outcome::Refused(error),
            },
            Self::Run(mut running) => match running.future.as_mut().poll(&mut cx) {
                Poll::Pending if running.stage.get() == Stage::Inside => Outcome::In(Holds::Run(running)),
                Poll::Pending => Outcome::Waits(Self::Run(running)),
                Poll::Ready(Ok(())) => panic!("a call ended before it was told to"),
                Poll::Ready(Err(error)) => Outcome::Refused(error),
            },
        }
    }
}

impl Holds<'_> {
    /// Ends the call; one that is told not to have been made is dropped.
    pub(crate) fn end(self, end: End) {
        match self {
            Self::Permit(permit) if end == End::Panic => panics(move || {
                let _permit = permit;
                resume_unwind(Box::new("as planned"))
            }),
            Self::Permit(permit) => drop(permit),
            Self::Reservation(_) | Self::Forgotten => unreachable!("ended otherwise"),
            Self::Run(running) if end == End::NotMade => drop(running),
            Self::Run(Running { mut future, stage }) => {
                let mut poll = move || future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                stage.set(if end == End::Panic { Stage::Panic } else { Stage::End });
                if end == End::Panic {
                    panics(move || assert!(poll().is_ready()));
                } else {
                    assert!(matches!(poll(), Poll::Ready(Ok(()))), "the call is over");
                }
            }
        }
    }
}

fn panics(call: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(call)).is_err(), "the panic is passed on");
}

/// What runs inside: until it is told to end, or to panic.
async fn call(stage: Rc<Cell<Stage>>) {
    std::future::poll_fn(|_| match stage.get() {
        Stage::Outside | Stage::Inside => {
            stage.set(Stage::Inside);
            Poll::Pending
        }
        Stage::End => Poll::Ready(()),
        Stage::Panic => resume_unwind(Box::new("as planned")),
    })
    .await;
}
