//! Expressions. Never evaluates one.

use super::{Lower, opaque, scope, span, span_of};
use crate::ir::{AssignOp, Call, Expr, ExprKind, Key, LogicalOp, Property, Round};
use model::Span;
use ruff_python_ast::{self as ast, BoolOp, CmpOp, Expr as E, Operator, UnaryOp};

impl Lower {
    pub(super) fn expression(&mut self, expr: &E) -> Expr {
        self.deeper(|this| this.expression_inner(expr)).unwrap_or_else(|| opaque(span_of(expr)))
    }

    pub(super) fn list<'a>(&mut self, exprs: impl IntoIterator<Item = &'a E>) -> Vec<Expr> {
        exprs.into_iter().map(|e| self.expression(e)).collect()
    }

    /// An expression that is given to a name: a lambda takes it.
    pub(super) fn named(&mut self, expr: &E, name: &str) -> Expr {
        match expr {
            E::Lambda(l) => Expr { span: span_of(expr), kind: ExprKind::Function(self.lambda(l, name)) },
            _ => self.expression(expr),
        }
    }

    fn through(&mut self, expr: &E) -> ExprKind {
        ExprKind::Through(Box::new(self.expression(expr)))
    }

    fn expression_inner(&mut self, expr: &E) -> Expr {
        let at = span_of(expr);
        let kind = match expr {
            E::StringLiteral(s) => ExprKind::Text(s.value.to_str().into()),
            E::BytesLiteral(b) => {
                let bytes: Vec<u8> = b.value.iter().flat_map(|part| part.as_slice().iter().copied()).collect();
                ExprKind::Text(String::from_utf8_lossy(&bytes).into())
            }
            E::FString(f) => self.f_string(f),
            E::TString(t) => self.template_parts(t.value.elements(), at),
            E::NumberLiteral(_) => ExprKind::Number,
            E::BooleanLiteral(b) => ExprKind::Bool(b.value),
            E::NoneLiteral(_) | E::EllipsisLiteral(_) => ExprKind::Null,
            E::Name(name) => match self.variable(&name.id) {
                Some(var) => ExprKind::Var(var),
                None => ExprKind::Global(name.id.as_str().into()),
            },
            E::BinOp(b) => return self.binary(b),
            E::BoolOp(b) => {
                let op = if b.op == BoolOp::And { LogicalOp::And } else { LogicalOp::Or };
                ExprKind::Logical(op, self.list(&b.values))
            }
            E::UnaryOp(u) => match u.op {
                UnaryOp::Not => ExprKind::Not(Box::new(self.expression(&u.operand))),
                _ => ExprKind::Pure(vec![self.expression(&u.operand)]),
            },
            E::Compare(c) => self.comparison(c),
            E::Lambda(l) => ExprKind::Function(self.lambda(l, "")),
            E::If(i) => ExprKind::Conditional(
                Box::new(self.expression(&i.test)),
                Box::new(self.expression(&i.body)),
                Box::new(self.expression(&i.orelse)),
            ),
            E::Dict(d) => ExprKind::Object(d.items.iter().map(|item| self.item(item)).collect()),
            E::Set(s) => self.elements(&s.elts),
            E::List(l) => self.elements(&l.elts),
            E::Tuple(t) => self.elements(&t.elts),
            E::ListComp(c) => self.comprehension(&c.generators, &[&c.elt]),
            E::SetComp(c) => self.comprehension(&c.generators, &[&c.elt]),
            E::Generator(c) => self.comprehension(&c.generators, &[&c.elt]),
            E::DictComp(c) => {
                let both: Vec<&E> = c.key.iter().map(|k| &**k).chain([&*c.value]).collect();
                self.comprehension(&c.generators, &both)
            }
            E::Await(a) => self.through(&a.value),
            E::Yield(y) => match &y.value {
                Some(value) => self.through(value),
                None => ExprKind::Null,
            },
            E::YieldFrom(y) => self.through(&y.value),
            E::Starred(s) => self.through(&s.value),
            E::Named(n) => {
                let value = self.expression(&n.value);
                ExprKind::Assign(AssignOp::Set, Box::new(self.target(&n.target)), Box::new(value))
            }
            E::Call(call) => return self.call(call, at),
            E::Attribute(a) => ExprKind::Member(Box::new(self.expression(&a.value)), Key::Static(a.attr.as_str().into())),
            E::Subscript(s) => {
                let object = self.expression(&s.value);
                match &*s.slice {
                    // A slice of a list is a list of the same elements.
                    E::Slice(_) => {
                        let callee = Expr { span: at, kind: ExprKind::Member(Box::new(object), Key::Static("slice".into())) };
                        ExprKind::Call(Box::new(Call { callee, args: Vec::new() }))
                    }
                    key => ExprKind::Member(Box::new(object), Key::Computed(Box::new(self.expression(key)))),
                }
            }
            E::Slice(_) | E::IpyEscapeCommand(_) => ExprKind::Opaque,
        };
        Expr { span: at, kind }
    }

    fn elements(&mut self, elements: &[E]) -> ExprKind {
        let items = elements.iter().map(|e| match e {
            E::Starred(s) => (true, self.expression(&s.value)),
            other => (false, self.expression(other)),
        });
        ExprKind::Array(items.collect())
    }

    fn item(&mut self, item: &ast::DictItem) -> Property {
        match &item.key {
            None => Property::Spread(self.expression(&item.value)),
            Some(E::StringLiteral(s)) => {
                let name = s.value.to_str();
                Property::Named(Key::Static(name.into()), self.named(&item.value, name))
            }
            Some(key) => {
                let key = Key::Computed(Box::new(self.expression(key)));
                Property::Named(key, self.expression(&item.value))
            }
        }
    }

    fn binary(&mut self, b: &ast::ExprBinOp) -> Expr {
        let at = span_of(b);
        let kind = match b.op {
            Operator::Add => {
                // `a + b + c` leans to the left as deep as it is long.
                let mut operands = vec![&*b.right];
                let mut left = &*b.left;
                while let E::BinOp(inner) = left
                    && inner.op == Operator::Add
                {
                    operands.push(&inner.right);
                    left = &inner.left;
                }
                operands.push(left);
                operands.reverse();
                ExprKind::Add(self.list(operands))
            }
            Operator::Mod => self.percent(b),
            // `Path("/tmp") / name`; of numbers it is a number all the same.
            Operator::Div if !matches!(&*b.right, E::NumberLiteral(_)) => {
                let left = self.expression(&b.left);
                let slash = Expr { span: Span { start: left.span.end, end: left.span.end }, kind: ExprKind::Text("/".into()) };
                ExprKind::Add(vec![left, slash, self.expression(&b.right)])
            }
            // `a | b` of dictionaries is either's entries.
            Operator::BitOr => ExprKind::Logical(LogicalOp::Or, self.list([&*b.left, &*b.right])),
            _ => ExprKind::Pure(self.list([&*b.left, &*b.right])),
        };
        Expr { span: at, kind }
    }

    fn comparison(&mut self, c: &ast::ExprCompare) -> ExprKind {
        let left = self.expression(&c.left);
        if let ([op], [right]) = (&*c.ops, &*c.comparators) {
            let right = self.expression(right);
            let (left, right) = (Box::new(left), Box::new(right));
            return match op {
                CmpOp::Eq | CmpOp::Is => ExprKind::Equal(false, left, right),
                CmpOp::NotEq | CmpOp::IsNot => ExprKind::Equal(true, left, right),
                CmpOp::In => ExprKind::In(left, right),
                CmpOp::NotIn => {
                    let at = Span { start: left.span.start, end: right.span.end };
                    ExprKind::Not(Box::new(Expr { span: at, kind: ExprKind::In(left, right) }))
                }
                _ => ExprKind::Pure(vec![*left, *right]),
            };
        }
        let mut all = vec![left];
        all.extend(self.list(&*c.comparators));
        ExprKind::Pure(all)
    }

    fn comprehension(&mut self, generators: &[ast::Comprehension], elements: &[&E]) -> ExprKind {
        let mut rounds = Vec::new();
        for generator in generators {
            let list = self.expression(&generator.iter);
            let target = self.target(&generator.target);
            let tests = self.list(&generator.ifs);
            rounds.push(Round { target, list, tests });
        }
        ExprKind::Comprehension(rounds, self.list(elements.iter().copied()))
    }

    fn call(&mut self, call: &ast::ExprCall, at: Span) -> Expr {
        let kind = match &*call.func {
            E::Name(name) if name.id == "super" && self.variable("super").is_none() => ExprKind::Super,
            E::Name(name) if name.id == "getattr" && call.arguments.args.len() > 1 => {
                let mut args = call.arguments.args.iter();
                let object = args.next().map_or_else(|| opaque(at), |e| self.expression(e));
                let key = args.next().map_or_else(|| opaque(at), |e| self.expression(e));
                ExprKind::Member(Box::new(object), Key::Computed(Box::new(key)))
            }
            E::Attribute(a) if a.attr.as_str() == "__init__" && is_super(&a.value) => {
                let callee = Expr { span: span_of(&*call.func), kind: ExprKind::Super };
                ExprKind::Call(Box::new(Call { callee, args: self.arguments(&call.arguments) }))
            }
            E::Attribute(a) if a.attr.as_str() == "format" && matches!(&*a.value, E::StringLiteral(_)) => {
                self.format_call(&a.value, &call.arguments, at)
            }
            func => {
                let callee = self.expression(func);
                ExprKind::Call(Box::new(Call { callee, args: self.arguments(&call.arguments) }))
            }
        };
        Expr { span: at, kind }
    }

    /// Positional arguments, then one value with all named ones.
    pub(super) fn arguments(&mut self, arguments: &ast::Arguments) -> Vec<(bool, Expr)> {
        let mut out: Vec<(bool, Expr)> = Vec::with_capacity(arguments.args.len() + 1);
        for arg in &*arguments.args {
            match arg {
                E::Starred(s) => out.push((true, self.expression(&s.value))),
                other => out.push((false, self.expression(other))),
            }
        }
        if let (Some(first), Some(last)) = (arguments.keywords.first(), arguments.keywords.last()) {
            let at = Span { start: span(first.range).start, end: span(last.range).end };
            let properties = arguments.keywords.iter().map(|keyword| match &keyword.arg {
                Some(name) => Property::Named(Key::Static(name.as_str().into()), self.named(&keyword.value, name)),
                None => Property::Spread(self.expression(&keyword.value)),
            });
            out.push((false, Expr { span: at, kind: ExprKind::Keywords(properties.collect()) }));
        }
        out
    }

    fn lambda(&mut self, l: &ast::ExprLambda, name: &str) -> crate::ir::FnId {
        let names = scope::names_of(&l.body);
        self.function(name, span_of(l), l.parameters.as_deref(), names, true, |this| {
            let value = this.expression(&l.body);
            vec![crate::ir::Stmt { span: value.span, kind: crate::ir::StmtKind::Return(Some(value)) }]
        })
    }
}

fn is_super(expr: &E) -> bool {
    matches!(expr, E::Call(call) if matches!(&*call.func, E::Name(name) if name.id == "super"))
}
