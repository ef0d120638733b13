//! The calls that a service makes: the ids of the request that they are made for are passed on, and somebody is
//! told of each one's end.
//!
//! ```
//! use bongsu_outgoing::{Context, Outgoing};
//! use bongsu_trace::{Propagation, TraceParent};
//!
//! let outgoing = Outgoing::new()
//!     .context(|| {
//!         let mut context = Context::default();
//!         context.propagation = Some(Propagation::new(TraceParent::new(7, 8, true)));
//!         context.request_id = Some("r-1".to_owned());
//!         context
//!     })
//!     .on_end(|end| println!("{} {} {:?}", end.target, end.status, end.elapsed));
//!
//! // A client without a layer here:
//! let (call, headers) = outgoing.begin("GET", "broker.example");
//! assert!(headers.iter().any(|(name, value)| *name == "x-request-id" && value == "r-1"));
//! call.end(200);
//!
//! // A look-up in a cache, a query:
//! let price = outgoing.cache("prices").look_up(|| Some(71_000));
//! let rows = outgoing.database("sqlite").query_blocking("SELECT", "trades", || Ok::<_, ()>(3));
//! assert_eq!((price, rows), (Some(71_000), Ok(3)));
//! ```
//!
//! # What goes along
//!
//! `traceparent`, `tracestate` and `x-request-id` go to every host. `baggage` holds what other services wrote into it,
//! a customer's number say: it goes to hosts of one's own alone ([`is_own`]). [`Outgoing::pass_on`] says otherwise,
//! host by host. A header that a request has already is left as it is. Whoever follows redirects sends the same
//! headers to where they lead.
//!
//! | feature | adds |
//! |---|---|
//! | `reqwest` | `Outgoing::send`: a request of a `reqwest` client, whichever it is |
//! | `tower` | `OutgoingLayer`: a layer around a `tower` service that sends requests |

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(any(feature = "reqwest", feature = "tower"))]
mod body;
mod call;
mod host;
mod query;
#[cfg(feature = "reqwest")]
mod reqwest_client;
mod status;
mod target;
#[cfg(feature = "tower")]
mod tower_layer;

#[cfg(feature = "tower")]
pub use body::OutgoingBody;
pub use bongsu_trace::Propagation;
pub use call::{Call, CallEnd, Context, Outgoing};
pub use host::{PassOn, is_own};
pub use query::{Cache, Database};
pub use status::Status;
pub use target::Target;
#[cfg(feature = "tower")]
pub use tower_layer::{BoxError, OutgoingFuture, OutgoingLayer, OutgoingService};
