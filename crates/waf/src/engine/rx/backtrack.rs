//! A backtracking matcher with a budget, for the few patterns no automaton can run.

use super::Spans;
use super::node::{Look, Node};
use crate::bytes::ByteSet;

/// Steps for one question; then it is left unanswered.
const BUDGET: u32 = 1_000_000;
/// Instructions of one pattern.
const LARGEST: usize = 100_000;

enum Step {
    Byte(ByteSet),
    Split(usize, usize),
    Jump(usize),
    Save(usize),
    Look(Look),
    Back(u32, bool),
    /// Remembers where a turn began.
    Mark(usize),
    /// A turn that took nothing ends the loop.
    Progress(usize),
    Atomic(usize),
    Around {
        end: usize,
        behind: bool,
        negative: bool,
        least: usize,
        most: usize,
    },
    Match,
}

/// The first match: `None` when the budget ran out, `Some(None)` when there is none.
pub(super) fn find(node: &Node, text: &[u8]) -> Option<Option<Spans>> {
    let mut program = Program { steps: Vec::new(), groups: 0, marks: 0 };
    if !program.emit(node) {
        return None;
    }
    program.steps.push(Step::Match);
    let saves = (program.groups as usize + 1) * 2;
    let mut run = Run { program: &program, text, left: BUDGET };
    for start in 0..=text.len() {
        let mut slots = vec![usize::MAX; saves + program.marks];
        match run.from(0, start, None, &mut slots, saves)? {
            None => {}
            Some(end) => {
                slots[0] = start;
                slots[1] = end;
                let spans = slots[..saves].chunks(2).map(|pair| (pair[1] != usize::MAX).then_some((pair[0], pair[1]))).collect();
                return Some(Some(spans));
            }
        }
    }
    Some(None)
}

struct Program {
    steps: Vec<Step>,
    groups: u32,
    marks: usize,
}

impl Program {
    /// False when the pattern is too large.
    fn emit(&mut self, node: &Node) -> bool {
        if self.steps.len() > LARGEST {
            return false;
        }
        match node {
            Node::Empty => {}
            Node::Class(set) => self.steps.push(Step::Byte(*set)),
            Node::Look(look) => self.steps.push(Step::Look(*look)),
            Node::Concat(parts) => return parts.iter().all(|part| self.emit(part)),
            Node::Alternation(branches) => return self.branches(branches),
            Node::Repeat { node, min, max, greedy, possessive } => {
                if *possessive {
                    let inner = Node::Repeat { node: node.clone(), min: *min, max: *max, greedy: *greedy, possessive: false };
                    return self.emit(&Node::Atomic(Box::new(inner)));
                }
                return self.repeat(node, *min, *max, *greedy);
            }
            Node::Capture(group, node) => {
                self.groups = self.groups.max(*group);
                self.steps.push(Step::Save(*group as usize * 2));
                let fits = self.emit(node);
                self.steps.push(Step::Save(*group as usize * 2 + 1));
                return fits;
            }
            Node::Atomic(node) => {
                let at = self.steps.len();
                self.steps.push(Step::Atomic(0));
                let fits = self.emit(node);
                self.steps.push(Step::Match);
                self.steps[at] = Step::Atomic(self.steps.len());
                return fits;
            }
            Node::Around { node, behind, negative } => {
                let at = self.steps.len();
                self.steps.push(Step::Match);
                let fits = self.emit(node);
                self.steps.push(Step::Match);
                let (least, most) = lengths(node);
                self.steps[at] = Step::Around { end: self.steps.len(), behind: *behind, negative: *negative, least, most };
                return fits;
            }
            Node::Back { group, fold } => self.steps.push(Step::Back(*group, *fold)),
        }
        true
    }

    fn branches(&mut self, branches: &[Node]) -> bool {
        let mut ends = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            let last = index + 1 == branches.len();
            let split = self.steps.len();
            if !last {
                self.steps.push(Step::Jump(0));
            }
            if !self.emit(branch) {
                return false;
            }
            if !last {
                ends.push(self.steps.len());
                self.steps.push(Step::Jump(0));
                self.steps[split] = Step::Split(split + 1, self.steps.len());
            }
        }
        let end = self.steps.len();
        for at in ends {
            self.steps[at] = Step::Jump(end);
        }
        true
    }

    fn repeat(&mut self, node: &Node, min: u32, max: Option<u32>, greedy: bool) -> bool {
        for _ in 0..min {
            if !self.emit(node) {
                return false;
            }
        }
        let order = |inside, after| if greedy { Step::Split(inside, after) } else { Step::Split(after, inside) };
        let Some(max) = max else {
            let mark = self.marks;
            self.marks += 1;
            let split = self.steps.len();
            self.steps.push(Step::Jump(0));
            self.steps.push(Step::Mark(mark));
            let fits = self.emit(node);
            self.steps.push(Step::Progress(mark));
            self.steps.push(Step::Jump(split));
            self.steps[split] = order(split + 1, self.steps.len());
            return fits;
        };
        let mut splits = Vec::new();
        for _ in min..max {
            splits.push(self.steps.len());
            self.steps.push(Step::Jump(0));
            if !self.emit(node) {
                return false;
            }
        }
        let end = self.steps.len();
        for split in splits {
            self.steps[split] = order(split + 1, end);
        }
        true
    }
}

/// Least and most bytes a node takes; the most is bounded, as what looks back must be.
fn lengths(node: &Node) -> (usize, usize) {
    const FAR: usize = 1 << 16;
    match node {
        Node::Empty | Node::Look(_) | Node::Around { .. } => (0, 0),
        Node::Class(_) => (1, 1),
        Node::Concat(parts) => parts.iter().map(lengths).fold((0, 0), |(a, b), (least, most)| (a + least, (b + most).min(FAR))),
        Node::Alternation(branches) => branches.iter().map(lengths).fold((FAR, 0), |(a, b), (least, most)| (a.min(least), b.max(most))),
        Node::Repeat { node, min, max, .. } => {
            let (least, most) = lengths(node);
            (least * *min as usize, max.map_or(FAR, |max| most.saturating_mul(max as usize).min(FAR)))
        }
        Node::Capture(_, node) | Node::Atomic(node) => lengths(node),
        Node::Back { .. } => (0, FAR),
    }
}

struct Run<'a> {
    program: &'a Program,
    text: &'a [u8],
    left: u32,
}

enum Undo {
    Try { step: usize, at: usize },
    Slot { slot: usize, was: usize },
}

impl Run<'_> {
    /// Runs from a step at a place; `until` is where a match must end. None: out of budget.
    fn from(&mut self, step: usize, at: usize, until: Option<usize>, slots: &mut Vec<usize>, saves: usize) -> Option<Option<usize>> {
        let mut stack = vec![Undo::Try { step, at }];
        while let Some(undo) = stack.pop() {
            let (mut step, mut at) = match undo {
                Undo::Slot { slot, was } => {
                    slots[slot] = was;
                    continue;
                }
                Undo::Try { step, at } => (step, at),
            };
            loop {
                self.left = self.left.checked_sub(1)?;
                match &self.program.steps[step] {
                    Step::Byte(set) if self.text.get(at).is_some_and(|byte| set.contains(*byte)) => at += 1,
                    Step::Byte(_) => break,
                    Step::Split(first, second) => {
                        stack.push(Undo::Try { step: *second, at });
                        step = *first;
                        continue;
                    }
                    Step::Jump(to) => {
                        step = *to;
                        continue;
                    }
                    Step::Save(slot) => set(slots, &mut stack, *slot, at),
                    Step::Mark(mark) => set(slots, &mut stack, saves + mark, at),
                    Step::Progress(mark) if slots[saves + mark] == at => {
                        // The turn took nothing: go on after the loop's jump.
                        step += 2;
                        continue;
                    }
                    Step::Progress(_) => {}
                    Step::Look(look) if self.looks(*look, at) => {}
                    Step::Look(_) => break,
                    Step::Back(group, fold) => match self.back(*group, *fold, at, slots) {
                        Some(end) => at = end,
                        None => break,
                    },
                    Step::Atomic(end) => {
                        let before = slots.clone();
                        let end = *end;
                        match self.from(step + 1, at, None, slots, saves)? {
                            Some(there) => {
                                for (slot, was) in before.iter().enumerate().filter(|(slot, was)| slots[*slot] != **was) {
                                    stack.push(Undo::Slot { slot, was: *was });
                                }
                                at = there;
                                step = end;
                                continue;
                            }
                            None => break,
                        }
                    }
                    Step::Around { end, behind, negative, least, most } => {
                        let (end, behind, negative, least, most) = (*end, *behind, *negative, *least, *most);
                        let mut inner = slots.clone();
                        let found = if behind {
                            self.behind(step + 1, at, (least, most), &mut inner, saves)?
                        } else {
                            self.from(step + 1, at, None, &mut inner, saves)?.is_some()
                        };
                        if found == negative {
                            break;
                        }
                        if !negative {
                            for (slot, now) in inner.iter().enumerate() {
                                if slots[slot] != *now {
                                    set(slots, &mut stack, slot, *now);
                                }
                            }
                        }
                        step = end;
                        continue;
                    }
                    Step::Match if until.is_none_or(|until| until == at) => return Some(Some(at)),
                    Step::Match => break,
                }
                step += 1;
            }
        }
        Some(None)
    }

    fn behind(&mut self, step: usize, at: usize, (least, most): (usize, usize), slots: &mut Vec<usize>, saves: usize) -> Option<bool> {
        for length in least..=most.min(at) {
            if self.from(step, at - length, Some(at), slots, saves)?.is_some() {
                return Some(true);
            }
        }
        Some(false)
    }

    fn back(&self, group: u32, fold: bool, at: usize, slots: &[usize]) -> Option<usize> {
        let (start, end) = (*slots.get(group as usize * 2)?, *slots.get(group as usize * 2 + 1)?);
        if end == usize::MAX || start > end {
            return None;
        }
        let taken = &self.text[start..end];
        let here = self.text.get(at..at + taken.len())?;
        (if fold { here.eq_ignore_ascii_case(taken) } else { here == taken }).then_some(at + taken.len())
    }

    fn looks(&self, look: Look, at: usize) -> bool {
        let text = self.text;
        let word = |at: usize| text.get(at).is_some_and(|byte| super::class::WORD.contains(*byte));
        let boundary = (at > 0 && word(at - 1)) != word(at);
        match look {
            Look::Start => at == 0,
            Look::End => at == text.len(),
            Look::EndOrNewline => at == text.len() || (at + 1 == text.len() && text[at] == b'\n'),
            Look::LineStart => at == 0 || text[at - 1] == b'\n',
            Look::LineEnd => at == text.len() || text[at] == b'\n',
            Look::Word => boundary,
            Look::NotWord => !boundary,
        }
    }
}

fn set(slots: &mut [usize], stack: &mut Vec<Undo>, slot: usize, value: usize) {
    stack.push(Undo::Slot { slot, was: slots[slot] });
    slots[slot] = value;
}
