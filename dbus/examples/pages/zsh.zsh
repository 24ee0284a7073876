# Completes each line of standard input as at a terminal, and prints what was offered, a line for each.
# $1 is the folder with the completion.
emulate -L zsh
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1=; stty -echo
fpath=(${(q)1} \$fpath); autoload -Uz compinit; compinit -u -D
# What completion functions offer goes through this; with -O, -A and -D they only ask.
compadd() {
    if (( \${@[(I)-[OAD]]} )); then builtin compadd \"\$@\"; return; fi
    local -a hits; builtin compadd -A hits \"\$@\"
    (( \$#hits )) && print -rn -- \"<\${(j:><:)hits}>\"
}
zle -C offered complete-word _main_complete
tab() { print -n BEGIN; zle offered; print END; BUFFER=; zle accept-line }
zle -N tab; bindkey '^I' tab
print REA''DY"
local out line
until [[ $out == *READY* ]]; do zpty -r shell out || exit 1; done
while IFS= read -r line; do
    zpty -w -n shell "$line"$'\t'
    local all=
    until [[ $all == *END* ]]; do zpty -r shell out || exit 1; all+=$out; done
    print -r -- ${${all##*BEGIN}%%END*}
done
zpty -d shell
