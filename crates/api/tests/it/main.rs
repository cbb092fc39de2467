//! The API over real books in a file, with a gateway that says what a test wants.

mod access;
mod callbacks;
mod connections;
mod gateway;
mod input;
mod ordering;
mod paying_again;
mod repeating;
mod surroundings;
mod world;
