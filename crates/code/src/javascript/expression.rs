//! Expressions, functions and classes. Never evaluates one.

use super::{Lower, opaque, span};
use crate::ir::{AssignOp, Call, Class, Expr, ExprKind, FnId, Function, Key, LogicalOp, Pattern, Property, Stmt, StmtKind};
use model::Span;
use oxc_ast::ast::{self, Expression as E};
use oxc_span::GetSpan;
use oxc_syntax::operator::{AssignmentOperator, BinaryOperator, LogicalOperator, UnaryOperator};
use std::sync::Arc;

impl Lower<'_> {
    pub(super) fn expression(&mut self, expr: &E<'_>) -> Expr {
        self.deeper(|this| this.expression_inner(expr)).unwrap_or_else(|| opaque(expr.span()))
    }

    fn list<'a>(&mut self, exprs: impl IntoIterator<Item = &'a E<'a>>) -> Vec<Expr> {
        exprs.into_iter().map(|e| self.expression(e)).collect()
    }

    fn through(&mut self, expr: &E<'_>) -> ExprKind {
        ExprKind::Through(Box::new(self.expression(expr)))
    }

    fn expression_inner(&mut self, expr: &E<'_>) -> Expr {
        let kind = match expr {
            E::StringLiteral(s) => ExprKind::Text(s.value.as_str().into()),
            E::NumericLiteral(_) | E::BigIntLiteral(_) => ExprKind::Number,
            E::BooleanLiteral(b) => ExprKind::Bool(b.value),
            E::NullLiteral(_) => ExprKind::Null,
            E::RegExpLiteral(r) => ExprKind::Regex(format!("{}/{}", r.regex.pattern.text, r.regex.flags).into()),
            E::TemplateLiteral(t) => self.template(t),
            E::TaggedTemplateExpression(t) => {
                let tag = self.expression(&t.tag);
                let quasi = Expr { span: span(t.quasi.span), kind: self.template(&t.quasi) };
                ExprKind::Tagged(Box::new(tag), Box::new(quasi))
            }
            E::Identifier(id) => match self.variable(id) {
                Some(var) => ExprKind::Var(var),
                None if id.name == "undefined" => ExprKind::Null,
                None => ExprKind::Global(id.name.as_str().into()),
            },
            E::ThisExpression(_) => ExprKind::This,
            E::Super(_) => ExprKind::Super,
            E::ArrayExpression(array) => ExprKind::Array(
                array
                    .elements
                    .iter()
                    .filter_map(|element| match element {
                        ast::ArrayExpressionElement::SpreadElement(s) => Some((true, self.expression(&s.argument))),
                        ast::ArrayExpressionElement::Elision(e) => Some((false, Expr { span: span(e.span), kind: ExprKind::Null })),
                        other => other.as_expression().map(|e| (false, self.expression(e))),
                    })
                    .collect(),
            ),
            E::ObjectExpression(object) => ExprKind::Object(object.properties.iter().map(|p| self.property(p)).collect()),
            E::FunctionExpression(f) => ExprKind::Function(self.function(f, "")),
            E::ArrowFunctionExpression(f) => ExprKind::Function(self.arrow(f, "")),
            E::ClassExpression(c) => ExprKind::Class(self.class(c, "")),
            E::AssignmentExpression(a) => self.assignment(a),
            E::AwaitExpression(a) => self.through(&a.argument),
            E::YieldExpression(y) => match &y.argument {
                Some(argument) => self.through(argument),
                None => ExprKind::Opaque,
            },
            // Kept as a level of its own so that a bracketed sum is not taken apart.
            E::ParenthesizedExpression(p) => self.through(&p.expression),
            E::TSAsExpression(e) => self.through(&e.expression),
            E::TSSatisfiesExpression(e) => self.through(&e.expression),
            E::TSTypeAssertion(e) => self.through(&e.expression),
            E::TSNonNullExpression(e) => self.through(&e.expression),
            E::TSInstantiationExpression(e) => self.through(&e.expression),
            E::BinaryExpression(b) => self.binary(b),
            E::LogicalExpression(l) => self.logical(l),
            E::UnaryExpression(u) => match u.operator {
                UnaryOperator::LogicalNot => ExprKind::Not(Box::new(self.expression(&u.argument))),
                UnaryOperator::Typeof => ExprKind::Typeof(Box::new(self.expression(&u.argument))),
                _ => ExprKind::Pure(vec![self.expression(&u.argument)]),
            },
            E::UpdateExpression(u) => match self.simple_target(&u.argument) {
                Pattern::Nothing => ExprKind::Opaque,
                target => {
                    let one = Expr { span: span(u.span), kind: ExprKind::Number };
                    ExprKind::Assign(AssignOp::Arithmetic, Box::new(target), Box::new(one))
                }
            },
            E::ConditionalExpression(c) => ExprKind::Conditional(
                Box::new(self.expression(&c.test)),
                Box::new(self.expression(&c.consequent)),
                Box::new(self.expression(&c.alternate)),
            ),
            E::CallExpression(call) => ExprKind::Call(Box::new(self.call(&call.callee, &call.arguments))),
            E::NewExpression(call) => ExprKind::New(Box::new(self.call(&call.callee, &call.arguments))),
            E::ChainExpression(chain) => match &chain.expression {
                ast::ChainElement::CallExpression(call) => ExprKind::Call(Box::new(self.call(&call.callee, &call.arguments))),
                ast::ChainElement::TSNonNullExpression(e) => self.through(&e.expression),
                other => match other.as_member_expression() {
                    Some(member) => return self.member(member),
                    None => ExprKind::Opaque,
                },
            },
            E::SequenceExpression(s) => ExprKind::Sequence(self.list(&s.expressions)),
            E::ImportExpression(i) => {
                self.specify(&i.source);
                ExprKind::Import(Box::new(self.expression(&i.source)))
            }
            E::PrivateInExpression(p) => ExprKind::Pure(vec![self.expression(&p.right)]),
            other => match other.as_member_expression() {
                Some(member) => return self.member(member),
                None => ExprKind::Opaque,
            },
        };
        Expr { span: span(expr.span()), kind }
    }

    fn template(&mut self, template: &ast::TemplateLiteral<'_>) -> ExprKind {
        let texts = template.quasis.iter();
        let texts = texts.map(|q| (Arc::from(q.value.cooked.as_ref().unwrap_or(&q.value.raw).as_str()), span(q.span))).collect();
        ExprKind::Template(texts, self.list(&template.expressions))
    }

    fn property(&mut self, property: &ast::ObjectPropertyKind<'_>) -> Property {
        match property {
            ast::ObjectPropertyKind::SpreadProperty(s) => Property::Spread(self.expression(&s.argument)),
            ast::ObjectPropertyKind::ObjectProperty(p) => {
                let key = self.key(&p.key, p.computed);
                let name = key.name().cloned().unwrap_or_default();
                Property::Named(key, self.named(&p.value, &name))
            }
        }
    }

    /// An expression that is given to a name: a function without one takes it.
    pub(super) fn named(&mut self, expr: &E<'_>, name: &str) -> Expr {
        let kind = match expr {
            E::FunctionExpression(f) => ExprKind::Function(self.function(f, name)),
            E::ArrowFunctionExpression(f) => ExprKind::Function(self.arrow(f, name)),
            E::ClassExpression(c) => ExprKind::Class(self.class(c, name)),
            _ => return self.expression(expr),
        };
        Expr { span: span(expr.span()), kind }
    }

    fn assignment(&mut self, a: &ast::AssignmentExpression<'_>) -> ExprKind {
        let target = self.target(&a.left);
        let name: Arc<str> = match &target {
            Pattern::Var(var) => self.module.variables.get(*var as usize).cloned().unwrap_or_default(),
            Pattern::Place(place) => match &place.kind {
                ExprKind::Member(_, key) => key.name().cloned().unwrap_or_default(),
                _ => Arc::from(""),
            },
            _ => Arc::from(""),
        };
        let value = self.named(&a.right, if &*name == "exports" { "" } else { &name });
        let op = match a.operator {
            AssignmentOperator::Assign => AssignOp::Set,
            AssignmentOperator::Addition => AssignOp::Add,
            AssignmentOperator::LogicalAnd | AssignmentOperator::LogicalOr | AssignmentOperator::LogicalNullish => AssignOp::Logical,
            _ => AssignOp::Arithmetic,
        };
        ExprKind::Assign(op, Box::new(target), Box::new(value))
    }

    fn binary(&mut self, b: &ast::BinaryExpression<'_>) -> ExprKind {
        if b.operator == BinaryOperator::Addition {
            // `a + b + c` leans to the left as deep as it is long.
            let mut operands = vec![&b.right];
            let mut left = &b.left;
            while let E::BinaryExpression(inner) = left
                && inner.operator == BinaryOperator::Addition
            {
                operands.push(&inner.right);
                left = &inner.left;
            }
            operands.push(left);
            operands.reverse();
            return ExprKind::Add(self.list(operands));
        }
        let (left, right) = (self.expression(&b.left), self.expression(&b.right));
        match b.operator {
            BinaryOperator::Equality | BinaryOperator::StrictEquality => ExprKind::Equal(false, Box::new(left), Box::new(right)),
            BinaryOperator::Inequality | BinaryOperator::StrictInequality => ExprKind::Equal(true, Box::new(left), Box::new(right)),
            BinaryOperator::In => ExprKind::In(Box::new(left), Box::new(right)),
            _ => ExprKind::Pure(vec![left, right]),
        }
    }

    fn logical(&mut self, l: &ast::LogicalExpression<'_>) -> ExprKind {
        let mut operands = vec![&l.right];
        let mut left = &l.left;
        while let E::LogicalExpression(inner) = left
            && inner.operator == l.operator
        {
            operands.push(&inner.right);
            left = &inner.left;
        }
        operands.push(left);
        operands.reverse();
        let op = match l.operator {
            LogicalOperator::And => LogicalOp::And,
            LogicalOperator::Or => LogicalOp::Or,
            LogicalOperator::Coalesce => LogicalOp::Nullish,
        };
        ExprKind::Logical(op, self.list(operands))
    }

    fn call(&mut self, callee: &E<'_>, arguments: &[ast::Argument<'_>]) -> Call {
        if let (E::Identifier(id), [first]) = (callee, arguments)
            && id.name == "require"
            && let Some(first) = first.as_expression()
        {
            self.specify(first);
        }
        let callee = self.expression(callee);
        let args = arguments
            .iter()
            .filter_map(|argument| match argument {
                ast::Argument::SpreadElement(s) => Some((true, self.expression(&s.argument))),
                other => other.as_expression().map(|e| (false, self.expression(e))),
            })
            .collect();
        Call { callee, args }
    }

    /// Notes what is imported by a constant name.
    fn specify(&mut self, source: &E<'_>) {
        let text = match source {
            E::StringLiteral(s) => s.value.as_str(),
            E::TemplateLiteral(t) if t.expressions.is_empty() => t.quasis.first().map_or("", |q| q.value.raw.as_str()),
            _ => return,
        };
        self.module.specifiers.push((text.into(), span(source.span())));
    }

    pub(super) fn member(&mut self, member: &ast::MemberExpression<'_>) -> Expr {
        let at = span(member.span());
        let object = self.expression(member.object());
        let key = match member {
            ast::MemberExpression::ComputedMemberExpression(m) => Key::Computed(Box::new(self.expression(&m.expression))),
            ast::MemberExpression::StaticMemberExpression(m) => Key::Static(m.property.name.as_str().into()),
            ast::MemberExpression::PrivateFieldExpression(m) => Key::Static(format!("#{}", m.field.name).into()),
        };
        Expr { span: at, kind: ExprKind::Member(Box::new(object), key) }
    }

    /// Opens a function, lowers it by `work`, and closes it.
    fn enter(&mut self, name: &str, at: Span, arrow: bool, work: impl FnOnce(&mut Self, FnId)) -> FnId {
        let id = self.module.functions.len() as FnId;
        let parent = std::mem::replace(&mut self.current, id);
        self.module.functions.push(Function {
            name: name.into(),
            span: at,
            parent,
            params: Vec::new(),
            named_only: 0,
            rest: None,
            keywords: None,
            body: Vec::new(),
            arrow,
        });
        work(self, id);
        self.current = parent;
        id
    }

    fn fill(&mut self, id: FnId, params: &ast::FormalParameters<'_>, body: impl FnOnce(&mut Self) -> Vec<Stmt>) {
        let (params, rest) = self.params(params);
        let body = body(self);
        if let Some(function) = self.module.functions.get_mut(id as usize) {
            (function.params, function.rest, function.body) = (params, rest, body);
        }
    }

    pub(super) fn function(&mut self, f: &ast::Function<'_>, name: &str) -> FnId {
        let name = f.id.as_ref().map_or(name, |id| id.name.as_str()).to_owned();
        self.enter(&name, span(f.span), false, |this, id| {
            if let Some(own) = &f.id
                && f.is_expression()
            {
                this.bind(own);
            }
            this.fill(id, &f.params, |this| f.body.as_ref().map(|body| this.block(&body.statements)).unwrap_or_default());
        })
    }

    fn arrow(&mut self, f: &ast::ArrowFunctionExpression<'_>, name: &str) -> FnId {
        self.enter(name, span(f.span), true, |this, id| {
            this.fill(id, &f.params, |this| match &f.body {
                ast::ArrowFunctionBody::FunctionBody(body) => this.block(&body.statements),
                other => match other.as_expression() {
                    Some(expr) => vec![Stmt { span: span(expr.span()), kind: StmtKind::Return(Some(this.expression(expr))) }],
                    None => Vec::new(),
                },
            });
        })
    }

    pub(super) fn class(&mut self, c: &ast::Class<'_>, name: &str) -> u32 {
        let name = c.id.as_ref().map_or(name, |id| id.name.as_str()).to_owned();
        let extends = c.heritage.as_ref().map(|h| self.expression(&h.expression));
        let mut class = Class { extends, constructor: None, methods: Vec::new(), getters: Vec::new(), fields: Vec::new() };
        for element in &c.body.body {
            match element {
                ast::ClassElement::MethodDefinition(m) => {
                    let key = self.key(&m.key, m.computed).name().cloned().unwrap_or_default();
                    let constructor = m.kind == ast::MethodDefinitionKind::Constructor;
                    let function = self.function(&m.value, if constructor { &name } else { &key });
                    match m.kind {
                        ast::MethodDefinitionKind::Constructor => class.constructor = Some(function),
                        ast::MethodDefinitionKind::Set => {}
                        ast::MethodDefinitionKind::Get => {
                            class.getters.push(key.clone());
                            class.methods.push((key, m.r#static, function));
                        }
                        _ => class.methods.push((key, m.r#static, function)),
                    }
                }
                ast::ClassElement::PropertyDefinition(p) => {
                    let key = self.key(&p.key, p.computed).name().cloned().unwrap_or_default();
                    let value = p.value.as_ref().map(|value| self.named(value, &key));
                    class.fields.push((key, p.r#static, value));
                }
                ast::ClassElement::StaticBlock(_) | ast::ClassElement::AccessorProperty(_) | ast::ClassElement::TSIndexSignature(_) => {}
            }
        }
        self.module.classes.push(class);
        self.module.classes.len() as u32 - 1
    }
}
