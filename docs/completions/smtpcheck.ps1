# PowerShell completion for smtpcheck. The script calls smtpcheck to find the candidates.

Register-ArgumentCompleter -Native -CommandName smtpcheck -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $elements = $commandAst.CommandElements | Where-Object { $_.Extent.StartOffset -lt $cursorPosition }
    $words = @($elements | ForEach-Object { $_.Extent.Text })
    $program = $words[0]
    $rest = @($words | Select-Object -Skip 1)
    # Windows PowerShell does not pass empty arguments.
    $next = if ($wordToComplete -eq '') { @('--next') } else { @() }
    & $program complete @next -- @rest 2> $null | Where-Object { $_ -ne ':files' } | ForEach-Object {
        $value, $help = $_ -split "`t", 2
        if (-not $help) { $help = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
    }
}
