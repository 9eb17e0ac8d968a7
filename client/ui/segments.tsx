interface Props<T extends string> {
  readonly legend: string;
  readonly name: string;
  readonly value: T | null;
  readonly choices: readonly { readonly value: T; readonly label: string }[];
  readonly onChange: (value: T) => void;
  readonly hideLegend?: boolean;
}

/** A few exclusive choices side by side: native radio buttons, 48 px high. */
export function Segments<T extends string>({ legend, name, value, choices, onChange, hideLegend = false }: Props<T>) {
  return (
    <fieldset className="field">
      <legend className={hideLegend ? 'only-spoken' : 'quiet'} style={{ padding: 0, marginBottom: hideLegend ? 0 : 6 }}>
        {legend}
      </legend>
      <div className="segments">
        {choices.map((choice) => (
          <label key={choice.value}>
            <input type="radio" name={name} value={choice.value} checked={choice.value === value} onChange={() => onChange(choice.value)} />
            {choice.label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
