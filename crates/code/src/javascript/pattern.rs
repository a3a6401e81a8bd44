//! Binding patterns, assignment targets and parameters. Never evaluates a default value.

use super::{Lower, opaque, span};
use crate::ir::{Expr, ExprKind, Key, Param, Pattern};
use oxc_ast::ast;
use oxc_span::GetSpan;

impl Lower<'_> {
    pub(super) fn binding(&mut self, pattern: &ast::BindingPattern<'_>) -> Pattern {
        self.deeper(|this| this.binding_inner(pattern)).unwrap_or(Pattern::Nothing)
    }

    fn binding_inner(&mut self, pattern: &ast::BindingPattern<'_>) -> Pattern {
        match pattern {
            ast::BindingPattern::BindingIdentifier(id) => self.bind(id),
            ast::BindingPattern::ObjectPattern(object) => {
                let properties = object.properties.iter();
                let properties = properties.map(|p| (self.key(&p.key, p.computed), self.binding(&p.value), span(p.span))).collect();
                Pattern::Object(properties, object.rest.as_ref().map(|rest| Box::new(self.binding(&rest.argument))))
            }
            ast::BindingPattern::ArrayPattern(array) => {
                let items = array.elements.iter().map(|item| item.as_ref().map(|item| self.binding(item))).collect();
                Pattern::Array(items, array.rest.as_ref().map(|rest| Box::new(self.binding(&rest.argument))))
            }
            ast::BindingPattern::AssignmentPattern(default) => {
                Pattern::Default(Box::new(self.binding(&default.left)), Box::new(self.expression(&default.right)))
            }
        }
    }

    pub(super) fn bind(&mut self, id: &ast::BindingIdentifier<'_>) -> Pattern {
        match id.symbol_id.get() {
            Some(symbol) => {
                let var = symbol.index() as u32;
                self.own(var);
                Pattern::Var(var)
            }
            None => Pattern::Nothing,
        }
    }

    pub(super) fn key(&mut self, key: &ast::PropertyKey<'_>, computed: bool) -> Key {
        if !computed && let Some(name) = key.static_name() {
            return Key::Static(name.as_ref().into());
        }
        match key {
            ast::PropertyKey::PrivateIdentifier(id) => Key::Static(format!("#{}", id.name).into()),
            other => match other.as_expression() {
                Some(expr) => Key::Computed(Box::new(self.expression(expr))),
                None => Key::Computed(Box::new(opaque(other.span()))),
            },
        }
    }

    pub(super) fn params(&mut self, params: &ast::FormalParameters<'_>) -> (Vec<Param>, Option<Pattern>) {
        let list = params
            .items
            .iter()
            .map(|item| {
                let mut pattern = self.binding(&item.pattern);
                if let Some(default) = &item.initializer {
                    pattern = Pattern::Default(Box::new(pattern), Box::new(self.expression(default)));
                }
                Param { pattern, span: span(item.span) }
            })
            .collect();
        (list, params.rest.as_ref().map(|rest| self.binding(&rest.rest.argument)))
    }

    pub(super) fn target(&mut self, target: &ast::AssignmentTarget<'_>) -> Pattern {
        self.deeper(|this| this.target_inner(target)).unwrap_or(Pattern::Nothing)
    }

    fn target_inner(&mut self, target: &ast::AssignmentTarget<'_>) -> Pattern {
        match target {
            ast::AssignmentTarget::ArrayAssignmentTarget(array) => {
                let items = array.elements.iter().map(|item| item.as_ref().map(|item| self.maybe_default(item))).collect();
                Pattern::Array(items, array.rest.as_ref().map(|rest| Box::new(self.target(&rest.target))))
            }
            ast::AssignmentTarget::ObjectAssignmentTarget(object) => {
                let properties = object.properties.iter().map(|p| self.target_property(p)).collect();
                Pattern::Object(properties, object.rest.as_ref().map(|rest| Box::new(self.target(&rest.target))))
            }
            other => match other.as_simple_assignment_target() {
                Some(simple) => self.simple_target(simple),
                None => Pattern::Nothing,
            },
        }
    }

    fn target_property(&mut self, property: &ast::AssignmentTargetProperty<'_>) -> (Key, Pattern, model::Span) {
        match property {
            ast::AssignmentTargetProperty::AssignmentTargetPropertyIdentifier(p) => {
                let mut pattern = self.reference(&p.binding);
                if let Some(init) = &p.init {
                    pattern = Pattern::Default(Box::new(pattern), Box::new(self.expression(init)));
                }
                (Key::Static(p.binding.name.as_str().into()), pattern, span(p.span))
            }
            ast::AssignmentTargetProperty::AssignmentTargetPropertyProperty(p) => {
                (self.key(&p.name, p.computed), self.maybe_default(&p.binding), span(p.span))
            }
        }
    }

    fn maybe_default(&mut self, target: &ast::AssignmentTargetMaybeDefault<'_>) -> Pattern {
        match target {
            ast::AssignmentTargetMaybeDefault::AssignmentTargetWithDefault(with) => {
                Pattern::Default(Box::new(self.target(&with.binding)), Box::new(self.expression(&with.init)))
            }
            other => other.as_assignment_target().map_or(Pattern::Nothing, |target| self.target(target)),
        }
    }

    pub(super) fn simple_target(&mut self, target: &ast::SimpleAssignmentTarget<'_>) -> Pattern {
        match target {
            ast::SimpleAssignmentTarget::AssignmentTargetIdentifier(id) => self.reference(id),
            ast::SimpleAssignmentTarget::TSAsExpression(e) => self.place(&e.expression),
            ast::SimpleAssignmentTarget::TSSatisfiesExpression(e) => self.place(&e.expression),
            ast::SimpleAssignmentTarget::TSNonNullExpression(e) => self.place(&e.expression),
            ast::SimpleAssignmentTarget::TSTypeAssertion(e) => self.place(&e.expression),
            other => match other.as_member_expression() {
                Some(member) => Pattern::Place(Box::new(self.member(member))),
                None => Pattern::Nothing,
            },
        }
    }

    fn place(&mut self, expr: &ast::Expression<'_>) -> Pattern {
        let lowered = self.expression(expr);
        match lowered.kind {
            ExprKind::Var(var) => Pattern::Var(var),
            _ => Pattern::Place(Box::new(lowered)),
        }
    }

    fn reference(&mut self, id: &ast::IdentifierReference<'_>) -> Pattern {
        let at = span(id.span);
        match self.variable(id) {
            Some(var) => Pattern::Var(var),
            None => Pattern::Place(Box::new(Expr { span: at, kind: ExprKind::Global(id.name.as_str().into()) })),
        }
    }

    /// The variable a reference names; `None` for a global.
    pub(super) fn variable(&self, id: &ast::IdentifierReference<'_>) -> Option<u32> {
        let reference = self.scoping.get_reference(id.reference_id.get()?);
        reference.symbol_id().map(|symbol| symbol.index() as u32)
    }
}
