/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "cli/command.h"
#include "cli/opening.h"

/* All three ask "layeropt __complete" (cli/complete.h) and tell the shell what it answers. */
static const char bash_script[] =
	"# bash completion for layeropt: source <(layeropt completion bash)\n"
	"_layeropt()\n"
	"{\n"
	"\tlocal rest=${COMP_LINE:0:COMP_POINT} words=() files=() answer word gap strip prefix directive i\n"
	"\t# bash takes \"--color=always\" for three words.\n"
	"\tfor ((i = 0; i <= COMP_CWORD; i++)); do\n"
	"\t\tgap=${rest%%[![:space:]]*}\n"
	"\t\trest=${rest#\"$gap\"}\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\t[ \"$i\" -lt \"$COMP_CWORD\" ] || word=$rest\n"
	"\t\trest=${rest#\"$word\"}\n"
	"\t\tif [ \"$i\" -eq 0 ] || [ -n \"$gap\" ]; then words+=(\"$word\"); else words[-1]+=$word; fi\n"
	"\tdone\n"
	"\tCOMPREPLY=()\n"
	"\tanswer=$(\"${1/#\\~/$HOME}\" __complete \"${words[@]:1}\" 2>/dev/null) || return\n"
	"\tdirective=${answer##*:}\n"
	"\tword=${words[-1]}\n"
	"\tstrip=${word%\"$2\"}\n"
	"\tprefix=\n"
	"\t[[ $word != --*=* ]] || prefix=${word%%=*}=\n"
	"\twhile IFS=$'\\t' read -r word _; do\n"
	"\t\t[[ $word != :* ]] || break\n"
	"\t\tword=$prefix$word\n"
	"\t\tCOMPREPLY+=(\"${word#\"$strip\"}\")\n"
	"\tdone <<<\"$answer\"\n"
	"\t{\n"
	"\t\t((directive & 2)) && compopt -o nospace\n"
	"\t\tif ((directive & 16)); then\n"
	"\t\t\tcompopt +o default -o dirnames\n"
	"\t\telif ((directive & 4)); then\n"
	"\t\t\tcompopt +o default\n"
	"\t\telif [ \"${#COMPREPLY[@]}\" -gt 0 ]; then\n"
	"\t\t\tmapfile -t files < <(compgen -f -- \"$2\")\n"
	"\t\t\tCOMPREPLY+=(\"${files[@]}\")\n"
	"\t\tfi\n"
	"\t} 2>/dev/null\n"
	"}\n"
	"complete -o default -F _layeropt layeropt\n";

static const char zsh_script[] =
	"#compdef layeropt\n"
	"# zsh completion for layeropt: a file _layeropt in a folder of $fpath, or source <(layeropt completion zsh)\n"
	"_layeropt()\n"
	"{\n"
	"\tlocal -a lines candidates end\n"
	"\tlocal line directive\n"
	"\tlines=(\"${(@f)$(\"${(Q)words[1]}\" __complete \"${(@Q)words[2,CURRENT-1]}\" \"${(Q)PREFIX}\" 2>/dev/null)}\")\n"
	"\tdirective=${lines[-1]#:}\n"
	"\tlines[-1]=()\n"
	"\t[[ $PREFIX != --*=* ]] || compset -P 1 '*='\n"
	"\tfor line in $lines; do\n"
	"\t\tcandidates+=(\"${${line%%$'\\t'*}//:/\\\\:}${${(M)line%%$'\\t'*}/$'\\t'/:}\")\n"
	"\tdone\n"
	"\t((directive & 2)) && end=(-S '')\n"
	"\t((${#candidates})) && _describe -t values layeropt candidates \"${end[@]}\"\n"
	"\tif ((directive & 16)); then\n"
	"\t\t_path_files -/\n"
	"\telif ((!(directive & 4))); then\n"
	"\t\t[[ $PREFIX != [a-z-]##=* ]] || compset -P 1 '*='\n"
	"\t\t_files\n"
	"\tfi\n"
	"}\n"
	"if [ \"$funcstack[1]\" = _layeropt ]; then\n"
	"\t_layeropt \"$@\"\n"
	"else\n"
	"\tcompdef _layeropt layeropt\n"
	"fi\n";

static const char fish_script[] = "# fish completion for layeropt: layeropt completion fish | source\n"
				  "function __layeropt_complete\n"
				  "\tset -l words (commandline -opc)\n"
				  "\tset -l word (commandline -ct)\n"
				  "\tset -l lines (command $words[1] __complete $words[2..-1] \"$word\" 2>/dev/null)\n"
				  "\tset -l directive (string replace ':' '' -- $lines[-1])\n"
				  "\tset -e lines[-1]\n"
				  "\tset -l front (string match -r '^--[^=]*=' -- $word)\n"
				  "\tfor line in $lines\n"
				  "\t\techo -- \"$front$line\"\n"
				  "\tend\n"
				  "\tset -l front (string match -r '^[a-z-]+=' -- $word)\n"
				  "\tset -l path (string replace -- \"$front\" '' $word)\n"
				  "\tif test (math \"bitand($directive, 16)\") -ne 0\n"
				  "\t\tprintf \"$front%s\\n\" (__fish_complete_directories $path '')\n"
				  "\telse if test (math \"bitand($directive, 4)\") -eq 0\n"
				  "\t\tprintf \"$front%s\\n\" (__fish_complete_path $path '')\n"
				  "\tend\n"
				  "end\n"
				  "complete -c layeropt -f -a '(__layeropt_complete)'\n";

static const char *const shells[] = { "bash", "zsh", "fish", NULL };
static const char *const scripts[] = { bash_script, zsh_script, fish_script };

struct wanted {
	const char *shell;
	bool help;
};

static enum lopt_status take(void *context, int id, const char *value, struct lopt_error *err)
{
	struct wanted *wanted = context;
	if (id == LOPT_OPTION_HELP) {
		wanted->help = true;
		return LOPT_OK;
	}
	if (wanted->shell)
		return lopt_error_set(err, LOPT_E_USAGE, "%.200s: one shell at a time", value);
	wanted->shell = value;
	return LOPT_OK;
}

static enum lopt_status print_script(const char *shell, struct lopt_error *err)
{
	size_t index;
	if (!shell)
		return lopt_error_set(err, LOPT_E_USAGE, "no shell given: bash, zsh or fish");
	LOPT_TRY(lopt_word_parse(&index, "shell", shell, shells, err));
	(void)fputs(scripts[index], stdout);
	return lopt_print_end(err);
}

static enum lopt_status run(const struct lopt_command *command, int argc, char **argv, struct lopt_error *err)
{
	struct wanted wanted = { 0 };
	enum lopt_status status = lopt_options_parse(command->options, argc, argv, take, &wanted, err);
	if (status != LOPT_OK)
		return status;
	return wanted.help ? lopt_help_print(command, err) : print_script(wanted.shell, err);
}

static const char *words(int id, size_t index)
{
	return id == 0 ? lopt_word_at(shells, index) : NULL;
}

static const struct lopt_option options[] = {
	{ "help", 'h', LOPT_OPTION_HELP, NULL, "show this and exit" },
	{ 0 },
};

const struct lopt_command lopt_command_completion = {
	.name = "completion",
	.usage = "bash|zsh|fish",
	.what = "Print what makes a shell complete commands, options and values",
	.more = "bash:  source <(layeropt completion bash)    in ~/.bashrc\n"
		"zsh:   source <(layeropt completion zsh)     in ~/.zshrc, behind compinit\n"
		"fish:  layeropt completion fish | source     in ~/.config/fish/config.fish\n"
		"'make install' and packages install them for all.\n",
	.options = options,
	.words = words,
	.run = run,
};
