//! Functions, their parameters and decorators, and classes. A method's first parameter is `this` of the intermediate form.

use super::{Lower, function, scope, span, span_of};
use crate::ir::{AssignOp, Class, Expr, ExprKind, FnId, Key, LogicalOp, Param, Pattern, Stmt, StmtKind};
use model::Span;
use ruff_python_ast::{self as ast, Expr as E, Stmt as S};
use scope::Names;

/// What the first parameter of a method is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    /// The object, or the class.
    This,
    /// A parameter like any other.
    Parameter,
}

impl Lower {
    pub(super) fn function_definition(&mut self, f: &ast::StmtFunctionDef, out: &mut Vec<Stmt>) {
        let at = span_of(f);
        let id = self.method_or_function(f, First::Parameter);
        let Some(var) = self.variable(&f.name) else { return };
        out.push(Stmt { span: at, kind: StmtKind::Function(var, id) });
        for decorator in f.decorator_list.iter().rev() {
            let own = Box::new(Expr { span: at, kind: ExprKind::Var(var) });
            let deco = Box::new(self.expression(&decorator.expression));
            let value = Box::new(Expr { span: span(decorator.range), kind: ExprKind::Decorated(deco, own) });
            let kind = ExprKind::Assign(AssignOp::Set, Box::new(Pattern::Var(var)), value);
            out.push(Stmt { span: span(decorator.range), kind: StmtKind::Expr(Expr { span: span(decorator.range), kind }) });
        }
    }

    fn method_or_function(&mut self, f: &ast::StmtFunctionDef, first: First) -> FnId {
        let names = scope::names(&f.body);
        // From `def`, without the decorators.
        let at = Span { start: f.name.range.start().to_u32().saturating_sub(4), end: span_of(f).end };
        let this = if first == First::This { first_name(&f.parameters) } else { None };
        let id = self.function(&f.name, at, Some(&f.parameters), names, false, |me| {
            let mut body = Vec::new();
            if let Some(var) = this.and_then(|name| me.variable(&name)) {
                let value = Expr { span: at, kind: ExprKind::This };
                body.push(Stmt { span: at, kind: StmtKind::Let(Pattern::Var(var), Some(value)) });
            }
            body.extend(me.block(&f.body));
            body
        });
        if first == First::This
            && let Some(function) = self.module.functions.get_mut(id as usize)
            && !function.params.is_empty()
        {
            function.params.remove(0);
        }
        id
    }

    /// Opens a function, lowers its parameters and, by `body`, its statements, and closes it.
    pub(super) fn function(
        &mut self,
        name: &str,
        at: Span,
        parameters: Option<&ast::Parameters>,
        mut names: Names,
        arrow: bool,
        body: impl FnOnce(&mut Self) -> Vec<Stmt>,
    ) -> FnId {
        let id = self.module.functions.len() as FnId;
        let parent = std::mem::replace(&mut self.current, id);
        let mut new = function(name, at, parent);
        new.arrow = arrow;
        self.module.functions.push(new);
        if let Some(parameters) = parameters {
            names.own.extend(parameters.iter().map(|p| p.name().to_string()));
        }
        self.open(id, names);
        let (mut params, mut named_only, mut rest, mut keywords) = (Vec::new(), 0, None, None);
        if let Some(parameters) = parameters {
            params.extend(parameters.posonlyargs.iter().chain(&parameters.args).map(|p| self.parameter(p)));
            named_only = parameters.kwonlyargs.len();
            params.extend(parameters.kwonlyargs.iter().map(|p| self.parameter(p)));
            let one = |p: &Option<Box<ast::Parameter>>, me: &Self| p.as_ref().and_then(|p| me.variable(&p.name)).map(Pattern::Var);
            rest = one(&parameters.vararg, self);
            keywords = one(&parameters.kwarg, self);
        }
        let body = body(self);
        self.close();
        self.current = parent;
        if let Some(function) = self.module.functions.get_mut(id as usize) {
            (function.params, function.named_only, function.rest, function.keywords, function.body) =
                (params, named_only, rest, keywords, body);
        }
        id
    }

    fn parameter(&mut self, p: &ast::ParameterWithDefault) -> Param {
        let mut pattern = self.variable(&p.parameter.name).map_or(Pattern::Nothing, Pattern::Var);
        if let Some(default) = &p.default {
            pattern = Pattern::Default(Box::new(pattern), Box::new(self.expression(default)));
        }
        Param { pattern, span: span(p.range) }
    }

    pub(super) fn class_definition(&mut self, c: &ast::StmtClassDef, out: &mut Vec<Stmt>) {
        let at = span_of(c);
        let bases: Vec<Expr> = c.arguments.iter().flat_map(|a| a.args.iter()).map(|base| self.expression(base)).collect();
        let extends = match bases.len() {
            0 => None,
            1 => bases.into_iter().next(),
            _ => Some(Expr { span: at, kind: ExprKind::Logical(LogicalOp::Or, bases) }),
        };
        let mut class = Class { extends, constructor: None, methods: Vec::new(), getters: Vec::new(), fields: Vec::new() };
        let mut declared: Vec<(&str, Option<&E>, Span)> = Vec::new();
        for stmt in &c.body {
            match stmt {
                S::FunctionDef(f) => self.method(f, &mut class),
                S::Assign(a) => {
                    for target in &a.targets {
                        if let E::Name(name) = target {
                            self.field(&name.id, &a.value, &mut class);
                        }
                    }
                }
                S::AnnAssign(a) => {
                    if let E::Name(name) = &*a.target {
                        declared.push((&name.id, a.value.as_deref(), span_of(a)));
                        if let Some(value) = &a.value {
                            self.field(&name.id, value, &mut class);
                        }
                    }
                }
                _ => {}
            }
        }
        if class.constructor.is_none() && !declared.is_empty() {
            class.constructor = Some(self.made_by_fields(&c.name, &declared, at));
        }
        self.module.classes.push(class);
        let id = self.module.classes.len() as u32 - 1;
        if let Some(var) = self.variable(&c.name) {
            out.push(Stmt { span: at, kind: StmtKind::Class(var, id) });
        }
    }

    fn method(&mut self, f: &ast::StmtFunctionDef, class: &mut Class) {
        let decorated = |name: &str| {
            f.decorator_list.iter().any(|d| match &d.expression {
                E::Name(n) => n.id == name,
                E::Attribute(a) => a.attr.as_str() == name,
                _ => false,
            })
        };
        let is_static = decorated("staticmethod");
        let id = self.method_or_function(f, if is_static { First::Parameter } else { First::This });
        let name = f.name.as_str();
        if name == "__init__" {
            class.constructor = Some(id);
            return;
        }
        if decorated("property") || decorated("cached_property") {
            class.getters.push(name.into());
        }
        let of_class = is_static || decorated("classmethod");
        class.methods.push((name.into(), of_class, id));
        if of_class {
            // It can be called on an object as well.
            class.methods.push((name.into(), false, id));
        }
    }

    /// A class's value is seen on the class and on its objects.
    fn field(&mut self, name: &str, value: &E, class: &mut Class) {
        for is_static in [true, false] {
            let value = self.named(value, name);
            class.fields.push((name.into(), is_static, Some(value)));
        }
    }

    /// The constructor that `@dataclass`, `NamedTuple` or pydantic make of annotated fields.
    fn made_by_fields(&mut self, name: &str, declared: &[(&str, Option<&E>, Span)], at: Span) -> FnId {
        let mut names = Names::default();
        names.own.extend(declared.iter().map(|(name, ..)| (*name).to_owned()));
        let mut params = Vec::new();
        let id = self.function(name, at, None, names, false, |me| {
            let mut body = Vec::new();
            for (field, default, at) in declared {
                let Some(var) = me.variable(field) else { continue };
                let pattern = match default {
                    Some(value) => Pattern::Default(Box::new(Pattern::Var(var)), Box::new(me.expression(value))),
                    None => Pattern::Var(var),
                };
                params.push(Param { pattern, span: *at });
                let this = Box::new(Expr { span: *at, kind: ExprKind::This });
                let place = Expr { span: *at, kind: ExprKind::Member(this, Key::Static((*field).into())) };
                let value = Box::new(Expr { span: *at, kind: ExprKind::Var(var) });
                let kind = ExprKind::Assign(AssignOp::Set, Box::new(Pattern::Place(Box::new(place))), value);
                body.push(Stmt { span: *at, kind: StmtKind::Expr(Expr { span: *at, kind }) });
            }
            body
        });
        if let Some(function) = self.module.functions.get_mut(id as usize) {
            function.params = params;
        }
        id
    }
}

fn first_name(parameters: &ast::Parameters) -> Option<String> {
    parameters.posonlyargs.iter().chain(&parameters.args).next().map(|p| p.parameter.name.to_string())
}
