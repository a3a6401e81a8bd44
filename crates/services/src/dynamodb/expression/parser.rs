//! Recursive descent over an expression's words.

use super::super::value::Attribute;
use super::Placeholders;
use super::condition::compare_order;
use super::lexer::{Kind, Token, tokens};
use super::reserved::is_reserved;
use super::tree::{Comparator, Condition, Element, NewValue, Operand, Path, Update, path_text};
use std::cmp::Ordering;

/// Nested parentheses and functions that are followed; DynamoDB's own bound is 300 operators.
const DEPTH: usize = 100;

/// A parser over one expression.
pub struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token<'a>>,
    at: usize,
    depth: usize,
    placeholders: &'a Placeholders,
}

/// Makes one value of two.
type Join = fn(Box<NewValue>, Box<NewValue>) -> NewValue;
type Parsed<T> = Result<T, String>;

impl<'a> Parser<'a> {
    /// Splits the text into words.
    pub fn new(text: &'a str, placeholders: &'a Placeholders) -> Parsed<Self> {
        Ok(Self { text, tokens: tokens(text)?, at: 0, depth: 0, placeholders })
    }

    /// Nothing may follow.
    pub fn end(&self) -> Parsed<()> {
        if self.at == self.tokens.len() { Ok(()) } else { Err(self.unexpected()) }
    }

    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    fn is_mark(&self, mark: &str) -> bool {
        self.peek().is_some_and(|t| t.kind == Kind::Mark && t.text == mark)
    }

    fn is_word(&self, word: &str) -> bool {
        self.peek().is_some_and(|t| t.kind == Kind::Word && t.text.eq_ignore_ascii_case(word))
    }

    fn eat(&mut self, mark: &str) -> bool {
        let found = self.is_mark(mark);
        self.at += usize::from(found);
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, mark: &str) -> Parsed<()> {
        if self.eat(mark) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn unexpected(&self) -> String {
        let from = self.tokens.get(self.at.saturating_sub(1)).map_or(0, |t| t.start);
        let to = self.tokens.get(self.at + 1).or(self.tokens.last()).map_or(self.text.len(), Token::end);
        let near = self.text.get(from..to).unwrap_or_default();
        let token = self.peek().map_or("<EOF>", |t| t.text);
        format!("Syntax error; token: \"{token}\", near: \"{near}\"")
    }

    fn deeper<T>(&mut self, rule: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEPTH {
            return Err("The expression contains too many nested operators".into());
        }
        self.depth += 1;
        let parsed = rule(self);
        self.depth -= 1;
        parsed
    }

    /// `a OR b`, the weakest.
    pub fn condition(&mut self) -> Parsed<Condition> {
        let mut left = self.conjunction()?;
        while self.eat_word("OR") {
            left = Condition::Or(Box::new(left), Box::new(self.conjunction()?));
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Parsed<Condition> {
        let mut left = self.negation()?;
        while self.eat_word("AND") {
            left = Condition::And(Box::new(left), Box::new(self.negation()?));
        }
        Ok(left)
    }

    fn negation(&mut self) -> Parsed<Condition> {
        if self.eat_word("NOT") {
            return self.deeper(|p| Ok(Condition::Not(Box::new(p.negation()?))));
        }
        if self.is_mark("(") {
            // A parenthesis opens a condition or an operand: try the condition, else go back.
            let start = self.at;
            self.at += 1;
            let inner = self.deeper(Self::condition).and_then(|c| self.expect(")").map(|()| c));
            match inner {
                Ok(condition) => return Ok(condition),
                Err(says) => {
                    let furthest = self.at;
                    self.at = start;
                    // Only what looks like `(operand) comparator` is read again.
                    let again = self.comparison();
                    return again.map_err(|second| if self.at > furthest { second } else { says });
                }
            }
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Parsed<Condition> {
        if let Some(condition) = self.function_condition()? {
            return Ok(condition);
        }
        let left = self.operand()?;
        if self.eat_word("BETWEEN") {
            let low = self.operand()?;
            if !self.eat_word("AND") {
                return Err(self.unexpected());
            }
            let high = self.operand()?;
            check_bounds(&low, &high)?;
            return Ok(Condition::Between(left, low, high));
        }
        if self.eat_word("IN") {
            self.expect("(")?;
            let mut list = vec![self.operand()?];
            while self.eat(",") {
                list.push(self.operand()?);
            }
            self.expect(")")?;
            return Ok(Condition::In(left, list));
        }
        let sign = self.peek().ok_or_else(|| self.unexpected())?;
        let comparator = match (sign.kind, sign.text) {
            (Kind::Mark, "=") => Comparator::Equal,
            (Kind::Mark, "<>") => Comparator::NotEqual,
            (Kind::Mark, "<") => Comparator::Less,
            (Kind::Mark, "<=") => Comparator::LessOrEqual,
            (Kind::Mark, ">") => Comparator::Greater,
            (Kind::Mark, ">=") => Comparator::GreaterOrEqual,
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        let right = self.operand()?;
        distinct(sign.text, &left, &right)?;
        if !matches!(comparator, Comparator::Equal | Comparator::NotEqual) {
            for side in [&left, &right] {
                if let Operand::Value(value) = side
                    && !matches!(value, Attribute::S(_) | Attribute::N(_) | Attribute::B(_))
                {
                    return Err(format!(
                        "Incorrect operand type for operator or function; operator: {}, operand type: {}",
                        sign.text,
                        value.type_name()
                    ));
                }
            }
        }
        Ok(Condition::Compare(comparator, left, right))
    }

    /// The name of a function whose call begins here.
    fn function_name(&self) -> Option<&'a str> {
        let open = self.tokens.get(self.at + 1)?;
        self.peek()
            .filter(|t| t.kind == Kind::Word && open.kind == Kind::Mark && open.text == "(" && !t.text.eq_ignore_ascii_case("not"))
            .map(|t| t.text)
    }

    fn function_condition(&mut self) -> Parsed<Option<Condition>> {
        let Some(name) = self.function_name() else { return Ok(None) };
        let wanted = match name {
            "attribute_exists" | "attribute_not_exists" => 1,
            "attribute_type" | "begins_with" | "contains" => 2,
            "size" => return Ok(None),
            _ => return Err(format!("Invalid function name; function: {name}")),
        };
        self.at += 2;
        let mut arguments = vec![self.operand()?];
        while self.eat(",") {
            arguments.push(self.operand()?);
        }
        self.expect(")")?;
        let wrong_type = |value: &Attribute| {
            format!("Incorrect operand type for operator or function; operator or function: {name}, operand type: {}", value.type_name())
        };
        let count = arguments.len();
        let mut arguments = arguments.into_iter();
        let condition = match (arguments.next(), arguments.next(), count == wanted) {
            (Some(Operand::Path(path)), None, true) if name == "attribute_exists" => Condition::Exists(path),
            (Some(Operand::Path(path)), None, true) if name == "attribute_not_exists" => Condition::NotExists(path),
            (Some(_), None, true) => return Err(format!("Operator or function requires a document path; operator or function: {name}")),
            (Some(first), Some(second), true) => {
                distinct(name, &first, &second)?;
                match (name, second) {
                    ("begins_with", second) => {
                        for operand in [&first, &second] {
                            if let Operand::Value(value) = operand
                                && !matches!(value, Attribute::S(_) | Attribute::B(_))
                            {
                                return Err(wrong_type(value));
                            }
                        }
                        Condition::BeginsWith(first, second)
                    }
                    ("contains", second) => Condition::Contains(first, second),
                    (_, Operand::Value(Attribute::S(kind))) => {
                        if !["S", "N", "B", "NULL", "SS", "BOOL", "L", "BS", "NS", "M"].contains(&kind.as_str()) {
                            return Err(format!(
                                "Invalid attribute type name found; type: {kind}, valid types: {{B,NULL,SS,BOOL,L,BS,N,NS,S,M}}"
                            ));
                        }
                        Condition::Type(first, kind)
                    }
                    (_, Operand::Value(value)) => return Err(wrong_type(&value)),
                    _ => {
                        return Err(format!(
                            "Incorrect operand type for operator or function; operator or function: {name}, operand type: {{NS,SS,L,BS,N,M,B,BOOL,NULL,S}}"
                        ));
                    }
                }
            }
            _ => return Err(wrong_count(name, count)),
        };
        Ok(Some(condition))
    }

    fn operand(&mut self) -> Parsed<Operand> {
        if self.eat("(") {
            let inner = self.deeper(Self::operand)?;
            self.expect(")")?;
            return Ok(inner);
        }
        if let Some(name) = self.function_name() {
            if name != "size" {
                let known = ["attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains"].contains(&name);
                return Err(if known {
                    format!("The function is not allowed to be used this way in an expression; function: {name}")
                } else {
                    format!("Invalid function name; function: {name}")
                });
            }
            self.at += 2;
            let inner = self.deeper(Self::operand)?;
            if self.is_mark(",") {
                return Err(wrong_count(name, 2));
            }
            self.expect(")")?;
            if let Operand::Value(value @ (Attribute::N(_) | Attribute::Bool(_) | Attribute::Null)) = &inner {
                return Err(format!(
                    "Incorrect operand type for operator or function; operator or function: size, operand type: {}",
                    value.type_name()
                ));
            }
            return Ok(Operand::Size(Box::new(inner)));
        }
        if let Some(value) = self.value()? {
            return Ok(Operand::Value(value));
        }
        self.path().map(Operand::Path)
    }

    fn value(&mut self) -> Parsed<Option<Attribute>> {
        match self.peek() {
            Some(token) if token.kind == Kind::Value => {
                self.at += 1;
                self.placeholders.value(token.text).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn path(&mut self) -> Parsed<Path> {
        let mut path = vec![self.name()?];
        loop {
            if self.eat(".") {
                path.push(self.name()?);
            } else if self.eat("[") {
                let token = self.peek().filter(|t| t.kind == Kind::Digits).ok_or_else(|| self.unexpected())?;
                let index = token.text.parse().map_err(|_| self.unexpected())?;
                self.at += 1;
                self.expect("]")?;
                path.push(Element::Index(index));
            } else {
                return Ok(path);
            }
        }
    }

    fn name(&mut self) -> Parsed<Element> {
        let token = self.peek().ok_or_else(|| self.unexpected())?;
        let name = match token.kind {
            Kind::Word if is_reserved(token.text) => {
                return Err(format!("Attribute name is a reserved keyword; reserved keyword: {}", token.text));
            }
            Kind::Word => token.text.to_owned(),
            Kind::Name => self.placeholders.name(token.text)?,
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        Ok(Element::Name(name))
    }

    /// `path, path`.
    pub fn projection(&mut self) -> Parsed<Vec<Path>> {
        let mut paths = vec![self.path()?];
        while self.eat(",") {
            paths.push(self.path()?);
        }
        Ok(paths)
    }

    /// `SET .. REMOVE .. ADD .. DELETE ..` in any order, each at most once.
    pub fn update(&mut self) -> Parsed<Update> {
        let mut update = Update::default();
        let mut seen: Vec<&str> = Vec::new();
        while self.peek().is_some() {
            let section = ["SET", "REMOVE", "ADD", "DELETE"].into_iter().find(|s| self.is_word(s)).ok_or_else(|| self.unexpected())?;
            if seen.contains(&section) {
                return Err(format!("The \"{section}\" section can only be used once in an update expression;"));
            }
            seen.push(section);
            self.at += 1;
            loop {
                let path = self.path()?;
                match section {
                    "SET" => {
                        self.expect("=")?;
                        update.set.push((path, self.new_value()?));
                    }
                    "REMOVE" => update.remove.push(path),
                    _ => {
                        let value = self.value()?.ok_or_else(|| self.unexpected())?;
                        let fits = matches!(value, Attribute::Ss(_) | Attribute::Ns(_) | Attribute::Bs(_))
                            || (section == "ADD" && matches!(value, Attribute::N(_)));
                        if !fits {
                            let kind = long_type(&value);
                            return Err(format!(
                                "Incorrect operand type for operator or function; operator: {section}, operand type: {kind}"
                            ));
                        }
                        if section == "ADD" { update.add.push((path, value)) } else { update.delete.push((path, value)) }
                    }
                }
                if !self.eat(",") {
                    break;
                }
            }
        }
        Ok(update)
    }

    fn new_value(&mut self) -> Parsed<NewValue> {
        let left = self.new_operand()?;
        let (sign, make): (&str, Join) = if self.eat("+") {
            ("+", NewValue::Plus)
        } else if self.eat("-") {
            ("-", NewValue::Minus)
        } else {
            return Ok(left);
        };
        let right = self.new_operand()?;
        for side in [&left, &right] {
            if let NewValue::Value(value) = side
                && !matches!(value, Attribute::N(_))
            {
                return Err(format!(
                    "Incorrect operand type for operator or function; operator or function: {sign}, operand type: {}",
                    value.type_name()
                ));
            }
        }
        Ok(make(Box::new(left), Box::new(right)))
    }

    fn new_operand(&mut self) -> Parsed<NewValue> {
        if self.eat("(") {
            let inner = self.deeper(Self::new_value)?;
            self.expect(")")?;
            return Ok(inner);
        }
        if let Some(value) = self.value()? {
            return Ok(NewValue::Value(value));
        }
        let Some(name) = self.function_name() else { return self.path().map(NewValue::Path) };
        if !["if_not_exists", "list_append"].contains(&name) {
            return Err(format!("Invalid function name; function: {name}"));
        }
        self.at += 2;
        let mut arguments = vec![self.deeper(Self::new_operand)?];
        while self.eat(",") {
            arguments.push(self.deeper(Self::new_operand)?);
        }
        self.expect(")")?;
        let count = arguments.len();
        let mut arguments = arguments.into_iter();
        let (Some(first), Some(second), None) = (arguments.next(), arguments.next(), arguments.next()) else {
            return Err(wrong_count(name, count));
        };
        if name == "list_append" {
            for side in [&first, &second] {
                if let NewValue::Value(value) = side
                    && !matches!(value, Attribute::L(_))
                {
                    return Err(format!(
                        "Incorrect operand type for operator or function; operator or function: list_append, operand type: {}",
                        value.type_name()
                    ));
                }
            }
            return Ok(NewValue::ListAppend(Box::new(first), Box::new(second)));
        }
        match first {
            NewValue::Path(path) => Ok(NewValue::IfNotExists(path, Box::new(second))),
            _ => Err("Operator or function requires a document path; operator or function: if_not_exists".into()),
        }
    }
}

fn wrong_count(name: &str, count: usize) -> String {
    format!("Incorrect number of operands for operator or function; operator or function: {name}, number of operands: {count}")
}

fn distinct(operator: &str, first: &Operand, second: &Operand) -> Result<(), String> {
    match first {
        Operand::Path(path) if first == second => Err(format!(
            "The first operand must be distinct from the remaining operands for this operator or function; operator: {operator}, \
             first operand: {}",
            path_text(path)
        )),
        _ => Ok(()),
    }
}

fn check_bounds(low: &Operand, high: &Operand) -> Result<(), String> {
    let (Operand::Value(low), Operand::Value(high)) = (low, high) else { return Ok(()) };
    let shown = |value: &Attribute| format!("AttributeValue: {{{}:{}}}", value.type_name(), value.scalar_text().unwrap_or_default());
    let bounds = || format!("lower bound operand: {}, upper bound operand: {}", shown(low), shown(high));
    if low.type_name() != high.type_name() {
        return Err(format!("The BETWEEN operator requires same data type for lower and upper bounds; {}", bounds()));
    }
    if compare_order(low, high) == Some(Ordering::Greater) {
        return Err(format!("The BETWEEN operator requires upper bound to be greater than or equal to lower bound; {}", bounds()));
    }
    Ok(())
}

fn long_type(value: &Attribute) -> &'static str {
    match value {
        Attribute::S(_) => "STRING",
        Attribute::N(_) => "NUMBER",
        Attribute::B(_) => "BINARY",
        Attribute::Bool(_) => "BOOLEAN",
        Attribute::Null => "NULL",
        Attribute::L(_) => "LIST",
        Attribute::M(_) => "MAP",
        set => set.type_name(),
    }
}
