"""Papers: PDF from typst templates of this project; what people typed reaches them as data alone."""
