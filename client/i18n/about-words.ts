import { bilingual } from './bilingual.ts';

/** Texts of the page that says what this app is and promises. */
export const useAboutWords = bilingual({
  en: {
    title: 'About',
    version: (version: string) => `ExamsGraph ${version}`,
    promises: 'What we promise',
    list: [
      'No advertising, and nobody is told what you study.',
      'No paywall on your own content: what you answered, wrote or added can always be used and saved to a file.',
      'No account is needed. The app is complete without sharing.',
      'Your answers stay on this phone. If you switch sharing on, its page says what is sent, how large it is and how often; answers never are. What you save or push to a server of your own is up to you.',
      'Progress is never taken away: there is no streak to lose, and a day asks for its portion of reviews, not for all that wait.',
      'No number without what it rests on, and none where the data do not carry it.',
    ],
    licences: 'Licences',
    code: 'The app: Apache-2.0.',
    content: (title: string, attribution: string, licence: string) => `${title}: ${attribution} (${licence})`,
    weights:
      'The model you start with was trained on made-up learners and on published answers of learners of Spanish (Lindsey et al. 2014, MIT licence). No learner of this app is in it.',
    others: 'Libraries the app is built with, and their licences',
  },
  ko: {
    title: '앱 정보',
    version: (version) => `ExamsGraph ${version}`,
    promises: '우리의 약속',
    list: [
      '광고가 없고, 무엇을 공부하는지 누구에게도 알리지 않아요.',
      '내 콘텐츠에는 요금이 없어요. 답한 것, 쓴 것, 더한 것은 언제나 쓰고 파일로 저장할 수 있어요.',
      '계정이 필요 없어요. 공유하지 않아도 모든 기능을 쓸 수 있어요.',
      '답은 이 휴대폰에 남아요. 공유를 켜면 무엇을 얼마나, 얼마나 자주 보내는지 그 화면에 적혀 있고, 답은 보내지 않아요. 파일로 저장하거나 내 서버로 보내는 것은 스스로 정해요.',
      '진도를 빼앗지 않아요. 끊기는 연속 기록이 없고, 복습은 밀린 것 전부가 아니라 오늘 몫만 물어요.',
      '근거 없는 숫자는 보이지 않고, 자료가 모자라면 모자란다고 말해요.',
    ],
    licences: '라이선스',
    code: '앱: Apache-2.0.',
    content: (title, attribution, licence) => `${title}: ${attribution} (${licence})`,
    weights:
      '처음 모델은 가상의 학습자와 공개된 스페인어 학습자의 답(Lindsey 외 2014, MIT 라이선스)으로 훈련했어요. 이 앱 사용자의 답은 들어 있지 않아요.',
    others: '앱에 쓰인 라이브러리와 그 라이선스',
  },
});
