//! Holds the rules of the source tree: module edges, file sizes, module docs.
