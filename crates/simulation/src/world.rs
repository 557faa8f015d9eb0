//! The steps of a run, chosen by the seed, and its end.

use eventlog::LogError;
use model::PartitionId;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use thiserror::Error;

use crate::audit;
use crate::disk::Damage;
use crate::fault::{Fault, Faults};
use crate::instance::{Held, Instance};
use crate::site::{Anything, Site};
use crate::story::Meaning;

/// What a run found wrong.
#[derive(Debug, Error)]
#[error("seed {seed}, step {step}: {what}")]
pub struct Failure {
    /// The seed that makes it happen again.
    pub seed: u64,
    /// After how many steps.
    pub step: usize,
    /// What is wrong.
    pub what: String,
}

/// How many instances there are at most.
const INSTANCES_MAX: usize = 3;
/// A world that is not at rest after so many turns never will be.
const TURNS_MAX: usize = 20_000;

#[derive(Debug, Clone, Copy)]
enum Step {
    Append,
    Deliver,
    Work,
    Publish,
    TakeImage,
    WriteImage,
    Crash,
    Hang,
    Return,
    Join,
    Leave,
    Damage,
    Letters,
    Zombie,
    Audit,
}

/// The steps with their weights.
const STEPS: [(Step, u32); 15] = [
    (Step::Append, 24),
    (Step::Deliver, 36),
    (Step::Work, 8),
    (Step::Publish, 8),
    (Step::TakeImage, 8),
    (Step::WriteImage, 8),
    (Step::Crash, 2),
    (Step::Hang, 2),
    (Step::Return, 4),
    (Step::Join, 1),
    (Step::Leave, 1),
    (Step::Damage, 2),
    (Step::Letters, 3),
    (Step::Zombie, 4),
    (Step::Audit, 2),
];

/// A service with everything around it.
pub struct World {
    seed: u64,
    chance: ChaCha8Rng,
    site: Site,
    /// Who is there, hangs, or is away.
    instances: [Option<Instance>; INSTANCES_MAX],
    /// Which of those that are away have died, and are to come back.
    has_died: [bool; INSTANCES_MAX],
    /// Processes of dead instances that do not know it.
    ghosts: Vec<Held>,
    step: usize,
}

impl World {
    /// The world of a seed, with one instance.
    ///
    /// # Errors
    /// If its parts cannot be made, which says nothing about the service.
    pub fn new(seed: u64) -> Result<Self, Failure> {
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let make = |chance: &mut ChaCha8Rng| {
            let site = Site::new(seed, chance)?;
            let first = Instance::new(&site)?;
            Ok((site, first))
        };
        let (site, first) = make(&mut chance).map_err(|error: Anything| Failure {
            seed,
            step: 0,
            what: error.to_string(),
        })?;
        Ok(Self {
            seed,
            chance,
            site,
            instances: [Some(first), None, None],
            has_died: [false; INSTANCES_MAX],
            ghosts: Vec::new(),
            step: 0,
        })
    }

    /// Runs to the end and judges it; what went wrong on the way, as it was meant to.
    ///
    /// # Errors
    /// The first thing that is not as it must be.
    pub fn run(mut self) -> Result<Faults, Failure> {
        match self.steps().and_then(|()| self.finale()) {
            Ok(()) => Ok(self.site.faults),
            Err(error) => Err(Failure { seed: self.seed, step: self.step, what: error.to_string() }),
        }
    }

    fn steps(&mut self) -> Result<(), Anything> {
        let steps_least = self.chance.random_range(100..500);
        while self.step < steps_least || !self.site.story.is_told() {
            self.step += 1;
            let seconds = [0, 1, 60, 3_000][self.chance.random_range(0..4)];
            self.site.pass_seconds(seconds)?;
            let step = self.choose_step();
            self.take(step)?;
        }
        Ok(())
    }

    fn choose_step(&mut self) -> Step {
        let mut left = self.chance.random_range(0..STEPS.iter().map(|(_, weight)| weight).sum());
        for (step, weight) in STEPS {
            if left < weight {
                return step;
            }
            left -= weight;
        }
        Step::Deliver
    }

    fn take(&mut self, step: Step) -> Result<(), Anything> {
        let slot = self.chance.random_range(0..INSTANCES_MAX);
        match step {
            Step::Append => self.append()?,
            Step::Deliver => {
                for instance in self.instances.iter_mut().flatten().filter(|instance| instance.is_member()) {
                    if self.chance.random_range(0..3) > 0 {
                        instance.deliver(&mut self.site)?;
                    }
                }
            }
            Step::Work => {
                if let Some(instance) = self.instances[slot].as_mut().filter(|instance| instance.is_member())
                {
                    instance.work(&mut self.site)?;
                }
            }
            Step::Publish => self.publish(slot),
            Step::TakeImage => self.take_image(slot)?,
            Step::WriteImage => {
                let index = self.chance.random_range(0..=self.site.pending());
                self.site.write_pending(index)?;
            }
            Step::Crash => self.crash(slot),
            Step::Hang => {
                if let Some(instance) = self.instances[slot].as_mut().filter(|instance| instance.is_member())
                {
                    instance.hang(self.chance.random_range(0..4))?;
                    self.site.faults.note(Fault::Hang);
                }
            }
            Step::Return => self.come_back(slot)?,
            Step::Join => {
                if self.instances[slot].is_none() && !self.has_died[slot] {
                    self.instances[slot] = Some(Instance::new(&self.site)?);
                    self.site.faults.note(Fault::Join);
                }
            }
            Step::Leave => {
                if let Some(instance) = self.instances[slot].take_if(|instance| instance.is_member()) {
                    instance.leave(&mut self.site)?;
                    self.site.faults.note(Fault::Leave);
                }
            }
            Step::Damage => self.damage()?,
            Step::Letters => {
                self.site.letters.set_closed(self.chance.random_range(0..3) == 0);
                self.site.letters.set_out_of_order(self.chance.random_range(0..3) == 0);
            }
            Step::Zombie => self.zombies()?,
            Step::Audit => {
                for held in self.instances.iter().flatten().flat_map(|instance| instance.held.values()) {
                    audit::process(&self.site, &held.process)?;
                }
            }
        }
        Ok(())
    }

    fn append(&mut self) -> Result<(), LogError> {
        for _ in 0..self.chance.random_range(1..12) {
            let lane = self.chance.random_range(0..self.site.story.lanes.len());
            if !self.site.story.lanes[lane].is_told() {
                self.append_to(lane)?;
            }
        }
        Ok(())
    }

    fn append_to(&mut self, lane: usize) -> Result<(), LogError> {
        if let Some(Meaning::Refused(_)) = self.site.story.lanes[lane].append(&self.site.log)? {
            self.site.faults.note(Fault::BadRecord);
        }
        Ok(())
    }

    fn publish(&mut self, slot: usize) {
        if let Some(instance) = self.instances[slot].as_mut().filter(|instance| instance.is_member()) {
            for held in instance.held.values_mut() {
                held.process.publish(self.site.now());
            }
        }
    }

    fn take_image(&mut self, slot: usize) -> Result<(), Anything> {
        if let Some(instance) = self.instances[slot].as_mut().filter(|instance| instance.is_member()) {
            for held in instance.held.values_mut() {
                if self.chance.random_range(0..2) == 0 {
                    self.site.take_image(&mut held.process)?;
                }
            }
        }
        Ok(())
    }

    /// The instance is gone with its board; its processes may live on for a while.
    fn crash(&mut self, slot: usize) {
        if let Some(instance) = self.instances[slot].take() {
            self.has_died[slot] = true;
            self.site.faults.note(Fault::Crash);
            if self.chance.random_range(0..2) == 0 {
                self.ghosts.extend(instance.held.into_values());
            }
        }
    }

    /// Who died or hangs comes back.
    fn come_back(&mut self, slot: usize) -> Result<(), Anything> {
        match &mut self.instances[slot] {
            Some(instance) if !instance.is_member() => instance.wake(&self.site),
            None if self.has_died[slot] => {
                self.instances[slot] = Some(Instance::new(&self.site)?);
                self.has_died[slot] = false;
                self.site.faults.note(Fault::Return);
            }
            _ => {}
        }
        Ok(())
    }

    fn damage(&mut self) -> Result<(), Anything> {
        let partitions = i32::try_from(self.site.story.partitions)?;
        let partition = PartitionId(self.chance.random_range(0..partitions));
        let Some(newest) = self.site.disk.newest(partition)? else {
            return Ok(());
        };
        let at = self.chance.random_range(0..1_000_000);
        let (damage, fault) = match self.chance.random_range(0..3) {
            0 => (Damage::Lose, Fault::LoseSnapshot),
            1 => (Damage::Cut(at), Fault::CutShort),
            _ => (Damage::Flip(at), Fault::FlipByte),
        };
        self.site.disk.damage(&newest, damage)?;
        self.site.faults.note(fault);
        Ok(())
    }

    /// One process that has no right to any more does something.
    fn zombies(&mut self) -> Result<(), Anything> {
        let hanging = self.instances.iter_mut().flatten().filter(|instance| !instance.is_member());
        let mut zombies: Vec<&mut Held> =
            self.ghosts.iter_mut().chain(hanging.flat_map(|instance| instance.held.values_mut())).collect();
        if zombies.is_empty() {
            return Ok(());
        }
        let which = self.chance.random_range(0..zombies.len());
        let zombie = &mut zombies[which];
        match self.chance.random_range(0..3) {
            0 => {
                if zombie.work(&mut self.site) {
                    self.site.faults.note(Fault::ZombieFold);
                }
            }
            1 => {
                zombie.process.publish(self.site.now());
                self.site.faults.note(Fault::ZombiePublish);
            }
            _ => {
                if self.site.take_image(&mut zombie.process)? {
                    self.site.faults.note(Fault::ZombieSnapshot);
                }
            }
        }
        Ok(())
    }

    /// Everything that was broken works again; when all is at rest, it is judged.
    fn finale(&mut self) -> Result<(), Anything> {
        self.site.letters.set_closed(false);
        self.site.letters.set_out_of_order(false);
        self.ghosts.clear();
        for lane in 0..self.site.story.lanes.len() {
            self.append_to(lane)?;
        }
        for slot in 0..INSTANCES_MAX {
            let hangs = self.instances[slot].as_ref().is_some_and(|instance| !instance.is_member());
            if hangs || self.chance.random_range(0..2) == 0 {
                self.come_back(slot)?;
            }
        }
        if self.instances.iter().all(Option::is_none) {
            self.instances[0] = Some(Instance::new(&self.site)?);
        }
        self.come_to_rest()?;
        let now = self.site.now();
        for held in self.instances.iter_mut().flatten().flat_map(|instance| instance.held.values_mut()) {
            held.process.publish(now);
            self.site.take_image(&mut held.process)?;
        }
        while self.site.pending() > 0 {
            self.site.write_pending(self.chance.random_range(0..self.site.pending()))?;
        }
        audit::end(&self.site, self.instances.iter().flatten())
    }

    fn come_to_rest(&mut self) -> Result<(), Anything> {
        for _ in 0..TURNS_MAX {
            let mut is_at_rest = true;
            for instance in self.instances.iter_mut().flatten() {
                is_at_rest &= !instance.deliver(&mut self.site)?;
                is_at_rest &= !instance.work(&mut self.site)?;
            }
            if is_at_rest {
                return Ok(());
            }
        }
        Err(format!("the world is not at rest after {TURNS_MAX} turns").into())
    }
}
