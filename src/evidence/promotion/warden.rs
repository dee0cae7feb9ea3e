//! Keeps the gate of a running daemon: new promotions come with a reload, falls with the agents' corrections.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::{Promotions, in_force, label_modes};
use crate::domain::label_modes::Demotion;
use crate::domain::label_modes::LabelModes;
use crate::evidence::report::in_force::InForce;

/// What the gate is made of, and where it is shown to the workers.
#[derive(Debug)]
pub struct Warden {
    known: Mutex<Known>,
    gate: watch::Sender<Arc<LabelModes>>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    promotions: Option<Promotions>,
    fallen: Vec<Demotion>,
}

impl Warden {
    /// A warden with what the file promotes and what the store says has fallen.
    pub fn new(promotions: Option<Promotions>, fallen: Vec<Demotion>) -> Self {
        let gate = label_modes(promotions.as_ref(), &fallen);
        Self { known: Mutex::new(Known { promotions, fallen }), gate: watch::channel(Arc::new(gate)).0 }
    }

    /// The gate as it is from moment to moment.
    pub fn gate(&self) -> watch::Receiver<Arc<LabelModes>> {
        self.gate.subscribe()
    }

    /// What the file promotes.
    pub fn promotions(&self) -> Option<Promotions> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).promotions.clone()
    }

    /// How far labels may go at this moment, for people.
    pub fn in_force(&self) -> InForce {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        in_force(known.promotions.as_ref(), &known.fallen)
    }

    /// The file was read anew.
    pub fn promote(&self, promotions: Option<Promotions>) {
        self.change(|known| known.promotions = promotions);
    }

    /// A label has fallen.
    pub fn demote(&self, fallen: Demotion) {
        self.change(|known| {
            known.fallen.retain(|other| (&other.head, &other.label) != (&fallen.head, &fallen.label));
            known.fallen.push(fallen);
        });
    }

    fn change(&self, change: impl FnOnce(&mut Known)) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut known);
        self.gate.send_replace(Arc::new(label_modes(known.promotions.as_ref(), &known.fallen)));
    }
}
